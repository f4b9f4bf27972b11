"""How many events a token may send, detections within packed messages too, and how often an address may ask."""

import contextlib
import gzip
import json
from pathlib import Path

import httpx
import pytest
from fastapi import Request

from models.access import Holder
from streams.gateway.events.address_rate import AddressRate
from streams.gateway.events.event_rate import AT_ONCE_SECONDS, EventRate
from streams.gateway.events.token_buckets import TokenBuckets
from streams.gateway.http.problems import Problem
from tests.support.tokens import bearer, one_of_each
from tests.web.conftest import Open

CAMERAS, OTHERS = Holder("sensor", "vms", "vms"), Holder("sensor", "other", "other")
OBJECTS = json.dumps({"sensorId": "gulou-001", "objects": [{"type": "a"}] * 1_000})
PACKED = gzip.compress(OBJECTS.encode())


def refused_for(rate: EventRate, holder: Holder) -> str:
    """After how many seconds a refused sender may try again; empty for one that is let in."""
    try:
        rate.begin(holder)
    except Problem as problem:
        return problem.headers["retry-after"]
    return ""


def test_who_has_sent_too_many_waits_until_it_is_made_up_for() -> None:
    """A message of a thousand at 100 a second costs ten seconds; another token does not feel it."""
    now = 0.0
    rate = EventRate(100, clock=lambda: now)

    assert refused_for(rate, CAMERAS) == ""
    rate.take(CAMERAS, 999)
    assert refused_for(rate, CAMERAS) == "6"  # 500 of them were there to be had at once
    assert refused_for(rate, OTHERS) == ""
    now = 5.5
    assert refused_for(rate, CAMERAS) == ""


def test_a_citizen_sends_as_much_as_a_person_does() -> None:
    """So many reports and steps a minute; another citizen, and whoever speaks for many, do not feel it."""
    now = 0.0
    rate = EventRate(100, 6, clock=lambda: now)
    one, other, app = (Holder(role, who, who) for role, who in (("reporter", "1"), ("reporter", "2"), ("app", "1")))

    told = [refused_for(rate, one) for _ in range(7)]

    assert told == [""] * 6 + ["10"]
    assert [refused_for(rate, who) for who in (other, *[app] * 20)] == [""] * 21
    now = 10.0
    assert [refused_for(rate, one) for _ in range(2)] == ["", "10"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("unix", "unix", True),
    ],
)
def test_whoever_has_an_address_of_ipv6_has_the_others_of_its_house(one: str, other: str, same: bool) -> None:
    """They are counted as one."""
    rate = AddressRate(1, lambda: 0.0)

    rate.take(Request({"type": "http", "client": (one, 1)}))

    with pytest.raises(Problem) if same else contextlib.nullcontext():
        rate.take(Request({"type": "http", "client": (other, 1)}))


def test_an_address_is_answered_again_when_time_has_gone_by() -> None:
    """One of two a minute after thirty seconds; 0 sets no bound."""
    now = 0.0
    rate, free = AddressRate(2, lambda: now), AddressRate(0)
    request = Request({"type": "http", "client": ("192.0.2.1", 1)})
    for _ in range(2):
        rate.take(request)

    with pytest.raises(Problem) as refused:
        rate.take(request)

    assert (refused.value.status, refused.value.headers["retry-after"]) == (429, "30")
    now = 30.0
    rate.take(request)
    for _ in range(1_000):
        free.take(request)


def test_what_is_not_sent_is_saved_up_for_some_seconds_only() -> None:
    """A night of silence allows no flood."""
    now = 0.0
    rate = EventRate(10, clock=lambda: now)
    refused_for(rate, CAMERAS)
    now = 100_000.0

    assert [refused_for(rate, CAMERAS) for _ in range(10 * AT_ONCE_SECONDS)] == [""] * 10 * AT_ONCE_SECONDS
    assert refused_for(rate, CAMERAS) == "1"


@pytest.mark.parametrize(("a_second", "holder"), [(0, CAMERAS), (1, None)])
def test_without_a_bound_or_a_token_all_may_be_sent(a_second: float, holder: Holder | None) -> None:
    """The bound is off, or whoever tries it out on this machine."""
    rate = EventRate(a_second)

    rate.take(holder, 1_000_000)

    assert refused_for(rate, CAMERAS) == ""


def test_a_bucket_is_taken_from_until_it_is_empty() -> None:
    """All at once or one after the other; others are not held up, and time gives it back."""
    now = 0.0
    buckets = TokenBuckets[str](0.1, 6, lambda: now)

    def taken(who: str) -> bool:
        there = buckets.seconds_until(who) <= 0
        if there:
            buckets.take(who)
        return there

    assert [taken("a") for _ in range(8)] == [True] * 6 + [False] * 2
    assert taken("b")
    now = 9.0
    assert not taken("a")
    now = 20.0
    assert taken("a")


async def send(client: httpx.AsyncClient, body: bytes, token: str = "sensor") -> httpx.Response:
    """A message of a vendor, packed."""
    return await client.post("/detections", params={"format": "deepstream"}, content=body, headers=bearer(token))


@pytest.mark.usefixtures("standing_rates")
async def test_a_small_packed_message_counts_for_all_that_it_holds(gateway: Open, tmp_path: Path) -> None:
    """One of two hundred bytes with a thousand detections is let in once; the next is told when to come again."""
    assert len(PACKED) < 200
    tokens = one_of_each(tmp_path / "t")

    async with gateway(gateway_tokens_file=tokens, gateway_events_per_second=50, gateway_ack_seconds=0.05) as client:
        first, second = await send(client, PACKED), await send(client, PACKED)
        asked = await client.get("/status", headers=bearer("ops"))
        other = await client.post("/reports", json={"text": "路灯坏了"}, headers=bearer("app"))

    assert first.status_code == 503  # nobody acknowledges it here
    assert (second.status_code, second.json()["type"]) == (429, "urn:paidan:problem:too-many-events")
    assert second.headers["retry-after"] == "16"  # 250 of them were there to be had at once
    assert {asked.status_code, other.status_code}.isdisjoint({429})


@pytest.mark.usefixtures("standing_rates")
async def test_a_refused_message_counts_as_one(gateway: Open, tmp_path: Path) -> None:
    """What breaks its contract costs time as well."""
    tokens = one_of_each(tmp_path / "t")

    async with gateway(gateway_tokens_file=tokens, gateway_events_per_second=0.4) as client:
        statuses = [(await send(client, b"{}")).status_code for _ in range(3)]

    assert statuses == [422, 422, 429]


@pytest.mark.usefixtures("standing_rates")
async def test_a_citizen_s_own_bound_is_the_setting_s(gateway: Open, tmp_path: Path) -> None:
    """Reports and steps together; what is only asked for counts for nothing."""
    tokens = one_of_each(tmp_path / "t")

    async with gateway(gateway_tokens_file=tokens, gateway_citizen_per_minute=2) as client:
        asked = [await client.get("/seat", headers=bearer("reporter")) for _ in range(3)]
        sent = [
            await client.post(path, json={}, headers=bearer("reporter"))
            for path in ("/reports", "/reports", "/orders/gulou-20260301-aaaaaaaaaa/updates")
        ]

    assert [one.status_code for one in asked] == [200] * 3
    assert [one.status_code for one in sent] == [422, 422, 429]
    assert sent[-1].headers["retry-after"] == "30"
