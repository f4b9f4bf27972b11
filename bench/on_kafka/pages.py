"""How fast the pages are answered in a city with many orders: `scripts/bench pages [--orders 100000] [--times 60]`.

Rows of as many orders, and their figures, are written as a desk writes them; then a tables worker and a gateway run
alone on a local Kafka. Each page is asked for as a browser asks: its files first, then all that its script asks for, at
once. Printed are the 50th and 95th percentile of each page and of each document, in milliseconds.
"""

import argparse
import asyncio
import random
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import httpx
import msgspec
from msgspec.structs import replace

from bench.rig import PARTITIONS, Rig
from dispatcher.figures.booking import Bookings, bookings, collect
from dispatcher.figures.figure_row import FigureRow, encode, row_key
from dispatcher.order.row import Order
from models.city import load_city
from models.guess import Guess
from streams.gateway.seats import LISTS
from streams.kafka.topics import Names
from streams.local.broker import LocalBroker
from tests.support.desk_rows import AREAS, ZONE, Row, desk_producer, partition_of, random_life, write

SEED = 7
DOUBTFUL = 0.05  # of the open orders
AT_ONCE = 2_000  # rows in a transaction
READY_SECONDS = 300
WINDOW = "from=2026-03-01&to=2026-03-31"
AREA = AREAS[0]

# What is asked for, by its name; ORDER and DOUBT stand for ids.
DOCUMENTS: Mapping[str, str] = {
    "figures of the month": f"/status?{WINDOW}",
    "figures by area": f"/status?{WINDOW}&by=area",
    "trend of four weeks": "/trend?from=2026-03-04&to=2026-03-31",
    "areas": "/areas",
    "cameras": "/cameras",
    "cameras of an area": f"/cameras?area={AREA}",
    "mobile units": "/units",
    "false alarms": "/false-alarms?limit=10",
    "silences": "/silences",
    "newest orders": "/orders?limit=12",
    "points of the map": "/orders?state=open&sort=urgent&limit=200",
    "orders of a figure": f"/orders?limit=12&indicator=closed&{WINDOW}",
    "surest doubts": "/orders?limit=50&sort=surest",
    "a department's list": "/orders?limit=50&state=assigned&sort=urgent&department=roads",
    "count of a list": "/orders?limit=1&count=true&mark=urgent&sort=urgent",
    "count of all that is closed": "/orders?limit=1&count=true&state=closed",
    "similar ones": f"/orders?state=closed,rejected&category=pothole&area={AREA}&limit=12",
    "seat": "/seat",
    "an order": "/orders/ORDER",
    "its moves": "/orders/ORDER/moves",
}
# What the page of a seat asks for beside its lists; further things some seats ask for.
SEAT = ("seat", "an order", "its moves")
BESIDE: Mapping[str, tuple[str, ...]] = {"reviewer": ("similar ones", *["an order"] * 12)}
MOST_AT_ONCE: Mapping[str, int] = {"inspector": 200}  # lines of a list, which is a walk
PERSON, DEPARTMENT = "bench", "roads"


def of_seat(role: str) -> tuple[str, ...]:
    """The documents that the page of a seat asks for: its first list, the order that is open, how long each list is."""
    own = f"&department={DEPARTMENT}" if role == "department" else ""
    lists = [
        each.query.format(person=PERSON, department=DEPARTMENT) + ("" if "{department}" in each.query else own)
        for each in LISTS[role]
    ]
    documents = [DOCUMENTS[each] for each in (*SEAT, *BESIDE.get(role, ()))]
    first = f"/orders?limit={MOST_AT_ONCE.get(role, 50)}&{lists[0]}"
    return (first, *documents, *(f"/orders?limit=1&count=true&{query}" for query in lists))


# A page's file, and what its script asks for before it shows all.
PAGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "overview": (
        "/",
        tuple(
            DOCUMENTS[each]
            for each in (
                "areas", "figures of the month", "figures by area", "newest orders", "trend of four weeks",
                "points of the map", "cameras", "mobile units", "false alarms", *["count of a list"] * 5,
            )
        ),
    ),
    **{role: ("/desk", of_seat(role)) for role in LISTS},
    "order": ("/o/ORDER", tuple(DOCUMENTS[each] for each in SEAT)),
    "silences": ("/desk/silences", tuple(DOCUMENTS[each] for each in ("seat", "silences", "areas"))),
}  # fmt: skip


def lives(count: int) -> list[Order]:
    """So many orders of a month, as they stand at its end: most are closed, of the open ones some are in review."""
    rng = random.Random(SEED)
    orders = {order.id: order for order in random_life(rng, count)}
    guess = Guess(category="pothole", probability=0.7, model="bench", threshold=0.9)
    return [
        replace(order, state="review", guess=guess, department="", assignments=())
        if order.state == "assigned" and rng.random() < DOUBTFUL
        else replace(order, priority=rng.randrange(1, 6))
        for order in orders.values()
    ]


def rows(orders: Iterable[Order], names: Names) -> Iterator[Row]:
    """The rows of the orders, then those of their figures."""
    totals: dict[int, Bookings] = {}
    for order in orders:
        part = partition_of(order.area, PARTITIONS)
        collect(totals.setdefault(part, {}), bookings(order, ZONE))
        yield names.desk, order.id, msgspec.json.encode(order), part
    for part, total in totals.items():
        for row, amounts in total.items():
            yield names.figures, row_key(row, part), encode(FigureRow().add(amounts)), part


async def measure(client: httpx.AsyncClient, paths: Sequence[str], times: int) -> list[float]:
    """How long it takes until all of these are answered, in ms, so many times. Raises HTTPStatusError."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        for answer in await asyncio.gather(*(client.get(path) for path in paths)):
            answer.raise_for_status()
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)


def line(name: str, taken: Sequence[float]) -> str:
    """A line of the table."""
    return f"| {name:32} | {taken[len(taken) // 2]:8.1f} | {taken[int(len(taken) * 0.95)]:8.1f} |"


async def run(count: int, times: int, folder: Path) -> None:
    """Write the rows, start the roles, measure, print."""
    async with LocalBroker(folder / "kafka") as broker:
        rig = Rig(broker.bootstrap, folder)
        await rig.create(load_city(rig.settings.city))
        orders = lives(count)
        async with desk_producer(broker.bootstrap, "bench-pages") as producer:
            waiting = rows(orders, rig.names)
            while part := list(islice(waiting, AT_ONCE)):
                await write(producer, part)
        rig.role("tables")
        rig.role("gateway")
        try:
            base = f"http://127.0.0.1:{rig.settings.gateway_port}"
            async with httpx.AsyncClient(base_url=base, timeout=60) as client:
                await _read(client, len(orders))
                await _show(client, orders[0].id, times)
        finally:
            rig.stop()


async def _read(client: httpx.AsyncClient, count: int) -> None:
    """Wait until the tables have read so many orders. Raises TimeoutError."""
    async with asyncio.timeout(READY_SECONDS):
        while True:
            try:
                answer = await client.get("/orders?limit=1&count=true")
                if answer.is_success and answer.json()["total"] == count:
                    return
            except httpx.TransportError:
                pass  # not listening yet
            await asyncio.sleep(0.5)


async def _show(client: httpx.AsyncClient, order: str, times: int) -> None:
    def placed(path: str) -> str:
        return path.replace("ORDER", order)

    print(f"| {'page, or document':32} | p50, ms  | p95, ms  |\n|{'-' * 34}|---------:|---------:|")
    for name, (page, documents) in PAGES.items():
        files = await _files(client, placed(page))
        first = await measure(client, files, times)
        then = await measure(client, [placed(each) for each in documents], times)
        print(line(f"{name}: {len(files)} files", first))
        print(line(f"{name}: {len(documents)} documents", then))
    for name, path in DOCUMENTS.items():
        print(line(name, await measure(client, [placed(path)], times)))


async def _files(client: httpx.AsyncClient, page: str) -> list[str]:
    """A page and all the files that it loads, through whatever imports them."""
    found = [page]
    for path in found:
        text = (await client.get(path)).text
        found += [each for each in dict.fromkeys(re.findall(r'"(/page/[\w.]+)"', text)) if each not in found]
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="paidan-bench-") as folder:
        asyncio.run(run(given.orders, given.times, Path(folder)))


if __name__ == "__main__":
    main()
