"""The storm day: `scripts/prove storm [N]` takes N detections (5,000,000) through intake and the core, and compares.

The detections are what the sites say (`sites.py`), as CloudEvents, Hikvision's alarms and DeepStream's frames. Intake
reads them as it reads Kafka's, the desk decides on what intake wrote, one district after the other. People accept and
handle some of the orders; cameras that are asked to look again answer. At the end every order and figure is compared
with what has happened. Ends with 1 where they differ.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from models.city import read_city
from tests.support.storm.sites import (
    ALARMS_FALSE,
    RAIN,
    Site,
    sites_of,
    storm_orders,
)
from tests.support.storm.storm_city import storm_pack
from tests.support.storm.storm_district import District
from tests.support.storm.storm_judged import Compared, compared, judged

SEED = 14
LEAST = 100_000  # detections of a whole day
_DISTRICT = 312_500  # detections of a district, at most


def drawn(detections: int, seed: int = SEED) -> tuple[dict[str, bytes], dict[str, list[Site]]]:
    """The city's pack for at least so many detections, and what stands in each district."""
    count = max(-(-detections // _DISTRICT), 2)
    cameras = -(-detections * 46 // 1000 // count)  # 230,000 of five million
    districts = {f"d{n:02d}": sites_of(f"d{n:02d}", cameras, seed) for n in range(count)}
    streets = max(len(site.posts) for site in districts["d00"] if site.kind is RAIN)
    return storm_pack(districts, cameras, storm_orders(streets)), districts


def play(detections: int, seed: int = SEED) -> Iterator[tuple[str, Compared]]:
    """At least so many detections, district by district; what each came to."""
    pack, districts = drawn(detections, seed)
    city = read_city(pack)
    for number, name in enumerate(list(districts)):
        yield name, compared(District(city, number, districts.pop(name)).run())


def refuse_few(detections: int) -> None:
    """End the process where so few detections prove nothing."""
    if detections < LEAST:
        sys.exit(f"a day of {LEAST:,} detections at least: in a smaller city lamps that fail by chance make a storm")


def main(detections: int, seed: int) -> int:
    """Say what it came to; 1 when something is wrong."""
    refuse_few(detections)
    print(f"TEST_SEED={seed}; alarms are false in {ALARMS_FALSE:.0%} more than they say", flush=True)
    whole, started = Compared(), time.process_time()
    for name, found in play(detections, seed):
        whole.add(found)
        used = time.process_time() - started
        memory = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
        print(f"{name}: {whole.detections:,} detections, {used:.0f} s of computing, {memory} MiB", flush=True)
    print(f"{whole.true:,} orders had to be opened, {whole.opened:,} were")
    print(f"{whole.filed:,} doubtful incidents were filed, {whole.false:,} of them are false alarms")
    wrong = judged(whole)
    print(*wrong[:20], sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(os.environ.get("TEST_SEED") or SEED)))
