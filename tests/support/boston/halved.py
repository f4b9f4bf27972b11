"""What if Boston's departments had half as long? The core's answer beside that of a batch computation from the CSV.

Run: `scripts/prove whatif [N]`, over one case in N (1: all of them). Ends with 1 when the two disagree.
"""

import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from dispatcher.figures.indicators import Window
from dispatcher.whatif.comparing import WhatIf, compare, summed
from dispatcher.whatif.two_courses import TwoCourses
from models.city import City, read_city
from models.times import from_text
from tests.support.boston import convert
from tests.support.replaying import PARTITIONS, inbox_of

LIMIT_DAYS, HALF_DAYS = 30, 15
EVER = Window(last=99991231)


class Halved(NamedTuple):
    """What came of the same pack again and of the one with half the limit, and the case of each order by its id."""

    same: WhatIf
    half: WhatIf
    chains_alike: bool
    cases: Mapping[str, str]

    def cases_of(self, orders: Iterable[str]) -> set[str]:
        """The cases behind orders."""
        return {self.cases[order_id] for order_id in orders}


def city(rows: list[dict[str, str]], days: int) -> City:
    """Boston with so many calendar days for handling."""
    files = convert.pack(rows)
    files["limits.csv"] += f"*,,handle,{days},day\n".encode()
    return read_city(files)


def try_out(rows: list[dict[str, str]], file: Path) -> Halved:
    """Decide the events of a file three times."""
    whole, half = city(rows, LIMIT_DAYS), city(rows, HALF_DAYS)
    cities = {each.digest: each for each in (whole, half)}
    until = from_text(convert.UNTIL) - 1
    again = [TwoCourses(number, whole.digest, whole.digest, 0) for number in range(PARTITIONS)]
    other = [TwoCourses(number, whole.digest, half.digest, 0) for number in range(PARTITIONS)]
    for number, records in inbox_of(whole, file, until):
        again[number].feed(records, cities)
        other[number].feed(records, cities)

    def told(courses: list[TwoCourses]) -> WhatIf:
        return summed([compare(each.real, each.whatif, whole.zone, EVER) for each in courses], EVER)

    alike = all(each.real.chains == each.whatif.chains for each in again)
    cases = {order.id: order.evidence_first[0].id for each in again for order in each.real.orders.values()}
    return Halved(told(again), told(other), alike, cases)


def late(rows: list[dict[str, str]]) -> Mapping[str, str]:
    """By case, those handled, or still open, after half the limit but not after the whole: straight from the CSV."""
    until = datetime.fromisoformat(convert.UNTIL)

    def missed(row: dict[str, str], days: int) -> bool:
        opened = datetime.fromisoformat(row["OPEN_DT"]).replace(tzinfo=convert.ZONE)
        due = (opened + timedelta(days=days)).timestamp()  # by the wall's clock, as calendar days are
        closed = row["CLOSED_DT"]
        done = datetime.fromisoformat(closed).replace(tzinfo=convert.ZONE) if closed else until
        return max(done, opened).timestamp() > due and due < until.timestamp()

    return {
        row["CASE_ENQUIRY_ID"].partition(".")[0]: convert.slug(row["SUBJECT"])
        for row in rows
        if missed(row, HALF_DAYS) and not missed(row, LIMIT_DAYS)
    }


def main() -> None:
    """Print what came of it."""
    shared = Path(os.environ.get("PAIDAN_SHARED") or Path(__file__).parents[4] / "shared")
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    rows = convert.read(shared / "data" / "boston_311" / "2015_jan_sep.csv.gz")[::every]
    with tempfile.TemporaryDirectory() as name:
        halved = try_out(rows, convert.write(rows, Path(name))[1])
    wanted = late(rows)
    print(f"{halved.same.facts} facts of {halved.same.orders} orders")
    same = (halved.same.unlike, halved.same.elsewhere, halved.same.missed, halved.same.changes)
    print(f"the same pack: {sum(map(len, same))} differences, every fact alike: {halved.chains_alike}")
    missed = halved.cases_of(each.order_id for each in halved.half.missed)
    unlike = missed ^ wanted.keys()
    print(f"half the limit: {len(missed)} orders miss it, {len(wanted)} by the CSV, {len(unlike)} not by both")
    print(f"{len(halved.half.changes)} indicators differ")
    sys.exit(any(same) or not halved.chains_alike or bool(unlike))


if __name__ == "__main__":
    main()
