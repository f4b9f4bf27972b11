"""The hubs' own figures beside those of the city: told from below, heard above, never zero because nobody was heard."""

import dataclasses
import logging
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from prometheus_client import REGISTRY

from dispatcher.figures.indicators import Window
from models.city import City
from models.envelope import Event, to_binary
from models.events import HUB_FIGURES, HubFiguresMessage, PeriodFigures
from streams.bridge.figures_heard import MISSED, HubsHeard
from streams.bridge.figures_told import OwnFigures, event_of
from streams.settings import load_settings
from streams.terminal.console import Console
from streams.terminal.status_table import status_table
from tests.support.cities import FILES
from tests.support.desks import DAY, T0, Desk, quiet_city, report
from tests.support.messages import raw

EVERY = 30.0
AWAY = int(MISSED * EVERY * 1000)
MONTH = Window(20260312, 20260301)


def city_with_hubs(*hubs: str) -> City:
    """The tiny city, some of whose departments are platforms of their own."""
    first, *rows = FILES["departments.csv"].splitlines()
    marked = [f"{row},{'on' if row.partition(',')[0] in hubs else ''}" for row in rows]
    return quiet_city(**{"departments.csv": "\n".join([f"{first},hub", *marked])})


def told(**own: Any) -> HubFiguresMessage:
    """What a hub tells."""
    month = PeriodFigures(first="2026-03-01", last="2026-03-12", indicators={"open": 4, "closure_rate": None})
    week = PeriodFigures(first="2026-03-06", last="2026-03-12", indicators={"open": 3})
    usual: dict[str, Any] = {"city": "district", "at": T0, "every_seconds": EVERY, "zone": "Asia/Shanghai"}
    return HubFiguresMessage(**usual | {"periods": (month, week)} | own)


def on_the_topic(message: HubFiguresMessage, at: int = T0) -> ConsumerRecord:
    """The record in which it comes; `at` is when the broker above got it."""
    headers, value = event_of(message)
    return raw(value, list(headers), timestamp=at)


@pytest.fixture
def heard() -> Iterator[HubsHeard]:
    """The gateway's ear for two hubs, of which the first has told its figures at T0."""
    hubs = HubsHeard(load_settings(), city_with_hubs("roads", "works"))
    hubs.take("roads", [on_the_topic(told())])
    yield hubs
    hubs.look_at(quiet_city())


@pytest.mark.parametrize(("age", "state"), [(0, "heard"), (AWAY, "heard"), (AWAY + 100, "away"), (9 * DAY, "away")])
def test_a_hub_is_away_when_three_tellings_are_missing(heard: HubsHeard, age: int, state: str) -> None:
    """By the interval that it has told itself and the clock of the city's brokers; its last figures stay, with their
    age."""
    shown = heard.section(MONTH, T0 + age)["roads"]

    assert (shown["state"], shown["age_seconds"], shown["heard_at"]) == (state, age / 1000, shown["as_of"])
    assert shown["indicators"] == {"open": 4, "closure_rate": None}


def test_what_a_hub_has_never_told_is_unknown(heard: HubsHeard) -> None:
    """There is no figure at all, not one that is 0."""
    shown = heard.section(MONTH, T0)["works"]

    assert (shown["state"], shown["name_en"]) == ("never", "Water Bureau")
    assert [shown[name] for name in ("heard_at", "age_seconds", "as_of", "window", "indicators")] == [None] * 5


def test_the_figures_are_of_the_days_that_were_asked_for_or_say_of_which_they_are(heard: HubsHeard) -> None:
    """A week was told as well; of any other days there is the month."""
    windows = Window(20260312, 20260306), Window(20260312)
    found = [heard.section(window, T0)["roads"] for window in windows]

    assert [each["window"]["from"] for each in found] == ["2026-03-06", "2026-03-01"]
    assert [each["indicators"]["open"] for each in found] == [3, 4]


@pytest.mark.parametrize(
    "junk",
    [
        raw(b"{", []),
        raw(b"{}", list(to_binary(Event("1", "x", HUB_FIGURES, b"{}"))[0])),
        raw(b"{}", list(to_binary(Event("1", "x", "city.other.v1", b"{}"))[0])),
        on_the_topic(told(periods=())),
        on_the_topic(told(every_seconds=-1.0)),
    ],
    ids=["bytes", "no fields", "another type", "no period", "never again"],
)
def test_what_is_no_telling_changes_nothing(
    heard: HubsHeard, junk: ConsumerRecord, caplog: pytest.LogCaptureFixture
) -> None:
    """What came before is still shown, and gets older."""
    with caplog.at_level(logging.ERROR):
        heard.take("roads", [junk])

    assert "holds no figures" in caplog.text
    assert heard.section(MONTH, T0)["roads"]["indicators"]["open"] == 4


def test_a_hub_that_the_pack_has_no_more_is_shown_no_more(heard: HubsHeard) -> None:
    """Nor measured: nobody is called for it."""
    before = REGISTRY.get_sample_value("paidan_hub_heard_seconds", {"hub": "roads"})

    heard.look_at(city_with_hubs("works"))

    assert before == T0 / 1000
    assert REGISTRY.get_sample_value("paidan_hub_heard_seconds", {"hub": "roads"}) is None
    assert [*heard.section(MONTH, T0)] == ["works"]


def test_a_city_tells_the_figures_that_its_own_log_comes_to() -> None:
    """Of this month, today, a week, and all: three orders of this month and one of the month before."""
    desk = Desk()
    for number, at in enumerate((T0 - 8 * DAY, T0, T0, T0 + DAY)):
        desk.feed(report(str(number), at, lat=30.01 + 0.01 * number, lon=114.05), at=at)
    figures = OwnFigures(desk.city)
    rows = (raw(value, []) for value in desk.figure_rows.values())
    keyed = zip(desk.figure_rows, rows, strict=True)
    figures.take(dataclasses.replace(row, key=key.encode()) for key, row in keyed)

    message = figures.message(T0 + DAY, EVERY)

    spans = [(period.first, period.indicators["opened"], period.indicators["open"]) for period in message.periods]
    assert spans == [("2026-03-01", 3, 4), ("2026-03-03", 1, 4), ("2026-02-25", 3, 4), (None, 4, 4)]
    assert {period.last for period in message.periods} == {date(2026, 3, 3).isoformat()}


def test_the_table_of_the_terminal_says_of_each_hub_how_old_its_figures_are(heard: HubsHeard) -> None:
    """Below the departments."""
    status: dict[str, Any] = {
        "window": {"from": "2026-03-01", "to": "2026-03-12"},
        "complete": True,
        "departments": {},
        "city": dict.fromkeys(("opened", "assigned", "open", "overdue_open", "closed"), 0)
        | dict.fromkeys(("closure_rate", "on_time_closure_rate", "dispatch_accuracy"))
        | {"response_seconds": {"p50": None}, "resolution_seconds": {"p50": None}, "name_en": "Tiny"},
    }
    hubs = [heard.section(MONTH, T0 + age) for age in (5_000, AWAY + 1)]

    captions = [str(status_table(status | {"hubs": one}, Console()).caption) for one in hubs]

    assert "hub roads: open 4, overdue open –, opened –, closed –, from 2026-03-01 to 2026-03-12" in captions[0]
    assert "(5.0 s ago)" in captions[0]
    assert "(away since 2026-03-02T" in captions[1]
    assert all("hub works: never heard of" in caption for caption in captions)


def test_what_a_former_hub_still_tells_counts_for_nothing(heard: HubsHeard) -> None:
    """It may come until its topic is followed no more; its age would rise, and alarm, for ever."""
    heard.look_at(city_with_hubs("works"))

    heard.take("roads", [on_the_topic(told())])

    assert REGISTRY.get_sample_value("paidan_hub_heard_seconds", {"hub": "roads"}) is None
    assert heard.section(MONTH, T0).keys() == {"works"}
