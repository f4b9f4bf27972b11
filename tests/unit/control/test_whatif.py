"""What another pack or model would have come to, without Kafka."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from dispatcher.figures.indicators import Window
from dispatcher.whatif.comparing import CITY, ElsewhereOrder, WhatIf, compare, summed
from dispatcher.whatif.course import PERSON
from dispatcher.whatif.two_courses import TwoCourses
from models.city import City
from models.formats.quiet_scenes import classified
from models.guess import Guess
from models.inbox import Actor, InboxRecord, InboxUpdate, Item, PackChange, Sighting, decode_items
from streams.erasure.report_keys import Erasure
from streams.kafka.sending import Send
from streams.whatif.read_again import ReadAgain
from tests.support.cities import FILES, appended
from tests.support.desks import DAY, HOUR, T0, detection, guess, quiet_city, report
from tests.unit.personal import test_sealed_reports
from tests.unit.personal.test_sealed_reports import NAMES, TEXT, TITLE, Road, Sure, of, record

road = test_sealed_reports.road  # the fixture

REAL = quiet_city()
WINDOW = Window(last=20260401)
CLERK = Actor("department", "roads", "clerk")


def told(
    other: City,
    *items: tuple[int, Item],
    since: int = 0,
    until: int = T0 + 20 * DAY,
    again: Callable[[InboxRecord], InboxRecord] = lambda record: record,
) -> WhatIf:
    """What another pack makes of items, each in a record of its instant, or as it reads `again`."""
    courses = TwoCourses(0, REAL.digest, other.digest, since, again)
    records = [InboxRecord(0, n, at, (item,)) for n, (at, item) in enumerate(items)]
    cities = {each.digest: each for each in (REAL, works_has_roads(), other)}
    courses.feed(records, cities)
    courses.finish(until, cities)
    return summed([compare(courses.real, courses.whatif, REAL.zone, WINDOW)], WINDOW)


def step(report_id: str, action: str, at: int) -> tuple[int, Item]:
    """A step of the roads department on the order of a report."""
    photo = ("https://photos.example/1",)
    named = InboxUpdate(
        source="roads", id=f"{report_id}/{action}", at=at, action=action, by=CLERK, area="south-w", evidence_urls=photo
    )
    return at, replace(named, report=("app", report_id))


def works_has_roads() -> City:
    """The same city, in which another department has the roads."""
    return quiet_city(**{"responsibility.csv": FILES["responsibility.csv"].replace("road,*,roads,", "road,*,works,")})


def test_an_order_that_goes_elsewhere_is_named_with_what_nobody_knows() -> None:
    """Its way in both; the steps of the department that really had it are refused, and it is behind each figure."""
    items = [(T0, report("1", T0)), step("1", "accept", T0 + HOUR), step("1", "handle", T0 + 2 * HOUR)]

    what = told(works_has_roads(), *items)

    [order] = what.elsewhere
    assert order == ElsewhereOrder(order.order_id, ("roads",), ("works",))
    assert what.refused == 2
    changes = {(each.dimension, each.key, each.indicator): each for each in what.changes}
    assert (changes["department", "roads", "handled"].real, changes["department", "works", "assigned"].whatif) == (1, 1)
    assert changes[CITY, "", "handled"].whatif == 0
    assert {each.orders for each in what.changes} == {(order.order_id,)}


def test_what_came_before_the_first_day_is_as_it_was() -> None:
    """The other pack decides from the first record on that came in on that day."""
    items = [(T0, report("1", T0)), (T0 + DAY, report("2", T0 + DAY, text="别处另一件事", lat=30.01, lon=114.01))]

    what = told(works_has_roads(), *items, since=T0 + HOUR)

    assert what.orders == 2
    assert [each.order_id.split("-")[2] for each in what.elsewhere] == ["20260303"]


def test_what_goes_the_same_way_is_the_same_although_another_pack_decided_it() -> None:
    """The name of the pack that decided a step is no difference, wherever it stands in the fact."""
    other = works_has_roads()
    items = [(T0, report("1", T0)), step("1", "accept", T0 + HOUR), step("1", "handle", T0 + 2 * HOUR)]

    what = told(other, *items, since=T0 + HOUR // 2)

    assert (what.unlike, what.changes, what.refused) == ((), (), 0)


def test_an_order_that_is_handed_down_elsewhere_went_elsewhere() -> None:
    """The departments that an order came to are also those that another one handed it to."""
    below = appended("departments.csv", "east,东街,East,2,roads", "west,西街,West,2,roads")
    head, *rows = FILES["responsibility.csv"].splitlines()
    there = [
        quiet_city(**below, **{"responsibility.csv": "\n".join([f"{head},above", *(f"{row}," for row in rows), row])})
        for row in ("road,*,east,,,,roads", "road,*,west,,,,roads")
    ]
    courses = TwoCourses(0, there[0].digest, there[1].digest, 0)
    items = [(T0, report("1", T0)), step("1", "forward", T0 + HOUR)]
    courses.feed(
        [InboxRecord(0, n, at, (item,)) for n, (at, item) in enumerate(items)], {one.digest: one for one in there}
    )

    [real], [whatif] = courses.real.ways.values(), courses.whatif.ways.values()

    assert (real, whatif) == (("roads", "east"), ("roads", "west"))


def test_what_falls_due_under_other_limits_fires_although_nothing_came_in() -> None:
    """A limit that is shorter than any pause of the inbox is missed all the same, by this order in this stage."""
    shorter = quiet_city(**{"limits.csv": FILES["limits.csv"].replace("*,,accept,2,hour24", "*,,accept,1,hour24")})
    items = [(T0, report("1", T0)), step("1", "accept", T0 + HOUR + HOUR // 2)]

    what = told(shorter, *items)

    [missed] = what.missed
    assert (missed.stage, missed.real, missed.whatif) == ("accept", 0, 1)
    assert what.elsewhere == ()


def test_a_change_of_packs_that_really_was_is_followed_and_then_overruled() -> None:
    """The pack that really came into force makes no difference from there on; one tried from the beginning stays."""
    later = works_has_roads()
    items: list[tuple[int, Item]] = [
        (T0, report("1", T0)),
        (T0 + HOUR, PackChange(later.digest, 1)),
        (T0 + DAY, report("2", T0 + DAY, text="别处另一件事", lat=30.01, lon=114.01)),
    ]

    same = told(later, *items, since=T0 + HOUR)
    never = told(REAL, *items)

    assert (same.unlike, same.elsewhere, same.missed, same.changes, same.refused) == ((), (), (), (), 0)
    assert [(each.real, each.whatif) for each in never.elsewhere] == [(("works",), ("roads",))]


class Unsure:
    """A model that is sure of nothing."""

    def classify(self, texts: Sequence[str], contexts: Any = None) -> list[Guess]:
        """The same for every text."""
        return [guess("pothole", outcome="uncertain", terms=((text, 1.0),)) for text in texts]


async def sealed(road: Road) -> InboxRecord:
    """An inbox record with a sealed report."""
    from tests.support.messages import report as message  # the name is that of a sighting here

    [value] = of(await road.send(message(TEXT, title=TITLE, event={"id": "1"})), NAMES.inbox)
    return InboxRecord(0, 0, T0, decode_items(value))


async def test_sealed_words_are_judged_again_and_go_nowhere(road: Road) -> None:
    """The same model guesses the same; another one something else, and of the words nothing is left in the record."""
    came = await sealed(road)

    again = ReadAgain(test_sealed_reports.CITY, Sure(), road.keys).record(came)
    other = ReadAgain(test_sealed_reports.CITY, Unsure(), road.keys)
    [item] = other.record(came).items

    assert again == came
    assert isinstance(item, Sighting)
    assert item.guess is not None
    assert (item.guess.outcome, other.judged) == ("uncertain", 1)
    assert TEXT[:4].encode() not in msgspec.json.encode(item)


@pytest.mark.parametrize("said", ["No fire visible", "垃圾桶满溢，未见明火"])
def test_a_described_scene_is_judged_by_what_intake_shows_a_classifier(said: str) -> None:
    """What is there, or all of it where everything is denied."""
    shown: list[str] = []

    class Noting(Unsure):
        def classify(self, texts: Sequence[str], contexts: Any = None) -> list[Guess]:
            shown.extend(texts)
            return super().classify(texts, contexts)

    scene = Sighting(kind="detection", source="cams", id="1", at=T0, area="south-w", text=said, guess=guess("pothole"))
    ReadAgain(test_sealed_reports.CITY, Noting(), None).record(InboxRecord(0, 0, T0, (scene,)))

    assert shown == [classified(said)]
    assert "明火" not in shown[0]
    assert shown[0]


async def test_erased_words_are_counted_and_never_guessed_at(road: Road) -> None:
    """Such a report keeps what was made of it."""
    came = await sealed(road)
    [key] = [send for send in road.sent if send.topic == NAMES.report_keys]
    road.keys.take([record(Send(key.topic, key.key, msgspec.json.encode(Erasure(T0, "clerk", "asked for"))))])

    again = ReadAgain(test_sealed_reports.CITY, Unsure(), road.keys)

    assert again.record(came) == came
    assert (again.judged, again.erased) == (0, 1)


async def test_of_a_repeat_no_words_are_gone(road: Road) -> None:
    """The desk lets its key go as it drops it; nobody has erased a word."""
    first, repeat = await sealed(road), await sealed(road)

    again = ReadAgain(test_sealed_reports.CITY, Unsure(), road.keys)
    again.record(first)

    assert again.record(repeat) == repeat
    assert (again.judged, again.erased) == (1, 0)


async def test_a_name_that_is_used_again_after_its_window_is_no_repeat(road: Road) -> None:
    """Nor is one of another partition; of what the desk has forgotten nothing is kept here either."""
    came = await sealed(road)
    [key] = [send for send in road.sent if send.topic == NAMES.report_keys]
    road.keys.take([record(Send(key.topic, key.key, msgspec.json.encode(Erasure(T0, "clerk", "asked for"))))])
    again = ReadAgain(test_sealed_reports.CITY, Unsure(), road.keys)
    days = int(test_sealed_reports.CITY.settings.identity_reports_days)

    for clock, erased in ((T0, 1), (T0 + DAY, 1), (T0 + (days + 2) * DAY, 2)):
        again.record(replace(came, clock=clock))
        assert (again.erased, len(again._met)) == (erased, 1)
    again.record(replace(came, partition=1))

    assert (again.erased, len(again._met)) == (3, 1)


@pytest.mark.parametrize(("phrase", "found"), [("塌陷", True), ("积水", False)])
async def test_the_phrases_of_other_rules_are_looked_for_in_sealed_words(road: Road, phrase: str, found: bool) -> None:
    """A rule of the pack to try may ask for words that no rule asked for before."""
    rules = f"""
[[rules]]
id = "words"
reason = "the words say so"
when = {{ text_any = ["{phrase}"] }}
then = {{ review = true }}
"""
    other = quiet_city(**{"rules.toml": rules})
    came = await sealed(road)

    what = told_of(other, ReadAgain(other, None, road.keys).record(came))

    assert (PERSON in what) is found


def told_of(city: City, came: InboxRecord) -> tuple[str, ...]:
    """The way of the one order that comes of a record."""
    courses = TwoCourses(0, city.digest, city.digest, 0)
    courses.feed([came], {city.digest: city})
    [way] = courses.whatif.ways.values()
    return way


class Knows:
    """A model that is sure of one category, whatever it reads."""

    def __init__(self, category: str) -> None:
        self._category = category

    def classify(self, texts: Sequence[str], contexts: Any = None) -> list[Guess]:
        """The same for every text."""
        return [guess(self._category) for _ in texts]


def judged_again(category: str) -> WhatIf:
    """What a model that sees one category everywhere makes of two reports of holes and of a guardrail that a camera's
    algorithm has named."""
    again = ReadAgain(REAL, Knows(category), None)
    far = report("2", T0, text="别处另一件事", lat=30.01, lon=114.01)
    seen = detection("3", T0 + HOUR, category="guardrail", lat=30.09)
    items = [(T0, report("1", T0)), (T0, far), step("1", "accept", T0 + HOUR), (T0 + HOUR, seen)]
    what = told(REAL, *items, until=T0 + 2 * HOUR, again=again.record)
    assert (again.judged, what.orders) == (2, 3)
    return what


def test_a_model_that_judges_as_the_real_one_did_makes_no_difference() -> None:
    """None in orders, limits, figures or facts."""
    what = judged_again("pothole")

    assert (what.unlike, what.elsewhere, what.missed, what.changes, what.refused) == ((), (), (), (), 0)


def test_a_model_that_judges_otherwise_changes_the_orders_that_it_was_asked_about_and_no_others() -> None:
    """Each goes to the department of what the model sees; the step of the department that really had one is refused,
    and the figures of both categories differ by these two, with them behind."""
    what = judged_again("flooding")

    both = tuple(each.order_id for each in what.elsewhere)
    assert [(each.real, each.whatif) for each in what.elsewhere] == [(("roads",), ("works",))] * 2
    assert what.refused == 1
    assigned = {
        each.key: (each.real, each.whatif, each.orders)
        for each in what.changes
        if (each.dimension, each.indicator) == ("category", "assigned")
    }
    assert assigned == {"pothole": (2, 0, both), "flooding": (0, 2, both)}
    assert "guardrail" not in {each.key for each in what.changes}


@pytest.mark.parametrize(
    ("closed_on", "missed"), [("2026-12-31", 0), ("2026-03-03", -1)], ids=["no day of theirs", "a holiday in between"]
)
def test_another_calendar_changes_the_limits_that_run_over_its_days(closed_on: str, missed: int) -> None:
    """A holiday while an order is handled puts its limit off by that day; one long after it makes no difference."""
    other = quiet_city(**{"calendar.csv": FILES["calendar.csv"] + f"{closed_on},holiday,停工\n"})
    handled = T0 + 7 * DAY + 2 * HOUR  # five working days end a week after the Monday on which it was accepted
    items = [(T0, report("1", T0, category="guardrail")), step("1", "accept", T0 + HOUR // 2)]

    what = told(other, *items, step("1", "handle", handled))

    assert [(each.stage, each.whatif - each.real) for each in what.missed] == ([("handle", missed)] if missed else [])
    assert what.elsewhere == ()
    behind = {(each.dimension, each.indicator): each for each in what.changes}
    assert (not behind) is (not missed)
    if missed:
        late = behind[CITY, "handle_on_time_rate"]
        assert (late.real, late.whatif, late.orders) == (0.0, 1.0, (what.missed[0].order_id,))
