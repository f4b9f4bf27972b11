"""Asks the gateway for its status in an open loop: `python -m bench.end_to_end.asker URL --rate 20 --seconds 10`.

Prints one line of JSON (`Asked`): how long each answer took from the time at which it should have been asked for.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence

import httpx
import msgspec


class Asked(msgspec.Struct, frozen=True):
    """Milliseconds of each answer with status 200 and all partitions, and how many were not so."""

    answers: Sequence[float]
    failed: int


async def ask(url: str, rate: float, seconds: float) -> Asked:
    """Ask for so long."""
    answers: list[float] = []
    failed = 0
    started = time.monotonic()

    async def one(client: httpx.AsyncClient, number: int) -> None:
        nonlocal failed
        due = started + number / rate
        await asyncio.sleep(due - time.monotonic())
        try:
            answer = await client.get(url)
            good = answer.status_code == httpx.codes.OK and answer.json()["complete"]
        except httpx.HTTPError:
            good = False
        if good:
            answers.append((time.monotonic() - due) * 1000)
        else:
            failed += 1

    async with httpx.AsyncClient(timeout=10.0, trust_env=False) as client, asyncio.TaskGroup() as asking:
        for number in range(int(rate * seconds)):
            asking.create_task(one(client, number))
    return Asked(answers, failed)


def main() -> None:
    """Ask and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    a = parser.parse_args()
    print(msgspec.json.encode(asyncio.run(ask(a.url, a.rate, a.seconds))).decode())


if __name__ == "__main__":
    main()
