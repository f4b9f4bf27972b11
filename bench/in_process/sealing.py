"""What a key for each report's words costs: `scripts/bench sealing [--reports 2000]`; one core, no Kafka.

Prints microseconds of processor time a report, the best of several rounds, for reports of usual length and for those of
a hundred characters, each with an address and a contact. *Sealing* is what a city without a key does not do: make the
key, seal text, address and contact, wrap the key. The *gist* is made of a report in any city, by intake where words are
sealed, else by the desk as soon as the report is compared.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from cryptography.fernet import Fernet

from bench.in_process.intake import CITY, NOW, record
from bench.quality.masking import CHARACTERS, of_length, usual_reports
from dispatcher.arrivals.worded.gists import gist_of
from models.city import City, load_city
from models.city.rules import RuleTable
from models.events import REPORT
from models.inbox import InboxUpdate, Sighting
from models.sealed_words import CityKey
from models.words import whole_text
from streams.erasure.sealer import Sealer
from streams.intake.batch import take_in
from streams.intake.drafts import Keys
from streams.kafka.topics import Names

ROUNDS = 7
AT_ONCE = 500  # as many as intake seals in one go
Items = Sequence[Sighting | InboxUpdate]


def reports(city: City, texts: Sequence[str], count: int) -> Items:
    """So many taken in, no two alike: what is alike is worked out once."""
    place = next(iter(city.cameras.values()))
    rows = []
    for n in range(count):
        where = {"lat": place.lat, "lon": place.lon}
        reporter = {"id": f"u-{n}", "name": "李", "phone": f"138{n:08d}"}
        said = {"text": f"{texts[n % len(texts)]} {n}", "address": f"解放路{n}号"}
        data: dict[str, object] = {**said, "location": where, "reporter": reporter}
        rows.append(record(n, "reports", REPORT, data))
    taken = take_in(rows, city, None, NOW, Keys(b"k" * 32, Fernet.generate_key().decode()))
    return [item for items in taken.items.values() for item in items]


def _microseconds(work: Callable[[Items], object], items: Items) -> float:
    started = time.process_time()
    for start in range(0, len(items), AT_ONCE):
        work(items[start : start + AT_ONCE])
    return (time.process_time() - started) / len(items) * 1e6


def main() -> None:
    """Print the costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=2_000)
    count = parser.parse_args().reports
    city = load_city(CITY)
    plain = replace(city, rules=RuleTable(()))
    sealer = Sealer(CityKey(b"c" * 32), Names("bench"), 4)

    def gists(items: Items) -> None:
        for item in items:
            if isinstance(item, Sighting):
                gist_of(item.title, item.text, city.rules.phrases_in(whole_text(item.title, item.text)))

    for name, texts in usual_reports().items():
        for length, some in ((sum(map(len, texts)) // len(texts), texts), (CHARACTERS, of_length(texts))):
            sealing, gist = [], []
            for turn in range(ROUNDS):
                fresh = reports(city, [f"{text} {turn}" for text in some], count)
                gist.append(_microseconds(gists, fresh))
                # Of what it has just seen a process keeps the gist, and here no rule looks for phrases.
                sealer.sealed({"": fresh}, plain)
                sealing.append(_microseconds(lambda items: sealer.sealed({"": items}, plain), fresh))
            print(f"{name}, {length} characters: sealing {min(sealing):.1f} µs, gist and phrases {min(gist):.1f} µs")


if __name__ == "__main__":
    main()
