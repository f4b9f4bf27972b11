"""What all share nobody takes all of: whoever asks for too much of it with one token leaves the rest to the others."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from streams.access.holders import Holders
from streams.gateway import waiting
from streams.gateway.routes import receiving
from streams.gateway.waiting import FactTail, Waiter
from streams.settings import load_settings
from tests.support.desks import T0, quiet_city
from tests.support.one_desk import gateway_with_desk
from tests.support.tokens import bearer, grant, tokens_file
from tests.web.answers.test_live import assigned
from tests.web.conftest import NOWHERE

CITY = quiet_city()
REPORT = {"text": "路面上有一个大坑", "location": {"lat": 30.05, "lon": 114.05}}


def two_tokens(folder: Path) -> str:
    """A file with two tokens of one role."""
    return tokens_file(folder / "t", grant("greedy", "app"), grant("other", "app"))


async def test_who_waits_often_with_one_token_leaves_places_to_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is answered without the decision, as all are once nobody can wait any more; nothing that it sends is lost."""
    monkeypatch.setattr(waiting, "MOST_WAITERS_OF_ONE", 2)
    monkeypatch.setattr(receiving, "now_ms", lambda: T0)
    path = two_tokens(tmp_path)
    greedy = await Holders(load_settings(gateway_tokens_file=path)).of("greedy")

    async with gateway_with_desk(CITY, T0, gateway_tokens_file=path) as (client, behind):

        async def send(token: str, **more: str) -> tuple[int, Mapping[str, object]]:
            answer = await client.post("/reports", json=REPORT, headers=bearer(token) | {"prefer": "wait=1"} | more)
            return answer.status_code, answer.json()

        assert behind.tail is not None
        with ExitStack() as places:
            for number in range(2):
                places.enter_context(behind.tail.waiting(Waiter("s", str(number), whose=greedy)))
            beyond, of_another = await send("greedy"), await send("other")
        afterwards = await send("greedy")

    assert [status for status, _ in (beyond, of_another, afterwards)] == [202, 200, 200]
    assert "outcome" not in beyond[1]
    assert len(behind.written) == 3


async def test_who_has_waited_often_in_vain_pushes_out_their_own() -> None:
    """What becomes of the others' steps is kept for when they ask again."""
    tail = FactTail(load_settings(kafka=NOWHERE, tables_workers=(NOWHERE,), personal_key="for these tests only"))
    tail.remember(Waiter("other", "1", whose="other"))
    for number in range(200):
        tail.remember(Waiter("greedy", str(number), whose="greedy"))

    for waiter in tail._all_waiters():
        waiter.see(msgspec.structs.replace(assigned(2), cause=("other", "1")))

    with tail.waiting(again := Waiter("other", "1", whose="other")):
        assert again.decision.done()
