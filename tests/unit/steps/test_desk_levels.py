"""Down and up the levels 分级办理: an order handed down, taken back, handed up, confirmed, and what it counts for."""

from datetime import date

import msgspec
import pytest

from dispatcher.figures.indicators import Window, totals, with_below
from dispatcher.order import facts
from dispatcher.order.chain import answering
from dispatcher.order.row import Order
from dispatcher.partition.state import AlarmRecord
from models.city import City, CityError
from models.events import ASSIGNMENT, REWORK, STEP_BELOW, WITHDRAWAL
from models.inbox import Actor, PackChange
from tests.support.cities import FILES, LEVELS, appended, tiny_city
from tests.support.desks import (
    DAY,
    DISPATCHER,
    HOUR,
    INSPECTOR,
    OFFICER,
    OPERATOR,
    T0,
    Desk,
    assert_laws,
    detection,
    facts_of,
    quiet_city,
    report,
)
from tests.unit.steps.test_desk_returns import ROADS, WORKS, sent

STREET, COMMUNITY, GRID, OTHER = (
    Actor("department", f"roads-{name}", f"{name}-1") for name in ("street", "community", "grid", "other")
)
DOWN = (ROADS, STREET, COMMUNITY)
PICTURE = ("https://pictures.example/1.jpg",)


def levels_city(settings: str = "", **files: str) -> City:
    """The tiny city with a street, two communities and a grid officer below the roads bureau."""
    return quiet_city(settings, **appended("departments.csv", *LEVELS) | files)


def opened(settings: str = "", **files: str) -> Desk:
    """A desk with one pothole, assigned to the roads bureau at T0 with a day to handle it."""
    desk = Desk(levels_city(settings, **files))
    desk.feed(report("1", T0, reporter="hash-1"), at=T0)
    return desk


def with_the_grid(settings: str = "") -> Desk:
    """The same, handed down level by level within the first hours, accepted by the grid officer at T0 + 4 h."""
    desk = opened(settings)
    below = ("roads-street", "roads-community", "roads-grid")
    for n, (who, to) in enumerate(zip(DOWN, below, strict=True), 1):
        assert desk.update("forward", who, T0 + n * HOUR, department=to) == ""
    assert desk.update("accept", GRID, T0 + 4 * HOUR) == ""
    return desk


def answered() -> Desk:
    """The same, handled after five hours and confirmed by all three levels an hour after each other."""
    desk = with_the_grid()
    assert desk.update("handle", GRID, T0 + 5 * HOUR, evidence_urls=PICTURE) == ""
    for n, who in enumerate(reversed(DOWN), 6):
        assert desk.update("check-pass", who, T0 + n * HOUR) == ""
    return desk


def test_an_order_needs_all_that_have_handed_it_down_and_stay_accountable() -> None:
    """None of them can be taken from the city: the order would wait for its word for ever."""
    assert answering(with_the_grid().only()) == {"roads", "roads-street", "roads-community", "roads-grid"}
    assert answering(opened().only()) == {"roads"}


def figures(desk: Desk, *, below: bool = False) -> dict[str, dict[str, int]]:
    """What each department counts, over all days."""
    sums = {
        key: row
        for (dimension, key), row in totals(desk.state.figures.items(), Window(99991231)).items()
        if dimension == "department"
    }
    rows = with_below(sums, desk.city.hierarchy) if below else sums
    return {key: dict(row.counters) for key, row in rows.items()}


def chain(order: Order) -> tuple[str, ...]:
    """Who has it and who stays accountable, the topmost first."""
    return (*(turn.department for turn in order.held_for), order.department)


def test_an_order_that_arbitration_leaves_where_it_was_goes_on_there() -> None:
    """Handed up to a department that had returned it, it goes to the duty officer; whoever has to keep it then has the
    same turn and the same limit, also under another priority."""
    desk = opened()
    desk.update("return", ROADS, T0 + HOUR, code="unclear", reason="r")
    desk.update("approve-return", DISPATCHER, T0 + HOUR, department="roads-street")
    desk.update("accept", STREET, T0 + 2 * HOUR)
    assert desk.update("report-up", STREET, T0 + 3 * HOUR, reason="too big") == ""
    assert desk.only().state == "arbitration"

    assert desk.update("arbitrate", OFFICER, T0 + 4 * HOUR, department="roads-street", reason="small enough") == ""
    assert desk.update("prioritise", OFFICER, T0 + 5 * HOUR, priority=1, reason="a school") == ""

    turn = desk.only().assignments[-1]
    assert (turn.department, turn.ended_at, turn.ended_by, turn.binding) == ("roads-street", None, "", True)
    assert turn.handle_due is not None
    assert "handle" in {limit.name for limit in desk.only().limits}
    assert_laws(desk)


def test_what_was_handed_up_is_nobodys_mistake_whoever_arbitration_gives_it_to() -> None:
    """No return was asked for, so none is approved: nobody is told so, and nothing is charged."""
    desk = opened()
    desk.update("return", ROADS, T0 + HOUR, code="unclear", reason="r")
    desk.update("approve-return", DISPATCHER, T0 + HOUR, department="roads-street")
    desk.update("report-up", STREET, T0 + 3 * HOUR, reason="too big")

    assert desk.update("arbitrate", OFFICER, T0 + 4 * HOUR, department="works", reason="a pipe") == ""

    assert (desk.only().state, desk.only().department) == ("assigned", "works")
    assert desk.names().count("return-approved") == desk.count("misroutes") == 1
    assert len(sent(desk, "assignments/roads-street", WITHDRAWAL)) == 1
    assert_laws(desk)


@pytest.mark.parametrize("named", ["roads", ""])
def test_an_order_is_handed_down_to_nobody_who_is_accountable_for_it(named: str) -> None:
    """Another pack may have turned the levels round: who answers for the order does not get it from below."""
    desk = opened()
    assert desk.update("forward", ROADS, T0 + HOUR, department="roads-street") == ""
    turned = FILES["departments.csv"].replace("Roads Bureau,1,", "Roads Bureau,2,roads-street")
    assert turned != FILES["departments.csv"]
    street = "roads-street,道路街道,Roads Street,1,\n"
    other = quiet_city(**{"departments.csv": turned + street})
    desk.cities[other.digest] = other
    desk.feed(PackChange(other.digest, 1), at=T0 + HOUR)

    refusal = "not-below" if named else "missing-department"
    assert desk.update("forward", STREET, T0 + 2 * HOUR, department=named) == refusal


def test_a_check_speaks_once_for_an_algorithm_however_many_levels_confirm() -> None:
    """What the departments above confirm is no check yet: the check of the whole counts, once."""
    desk = Desk(levels_city())
    desk.feed(detection("1", T0), at=T0)
    desk.update("forward", ROADS, T0 + HOUR, department="roads-street")
    desk.update("accept", STREET, T0 + 2 * HOUR)
    desk.update("handle", STREET, T0 + 3 * HOUR, evidence_urls=PICTURE)

    assert desk.update("check-pass", ROADS, T0 + 4 * HOUR) == ""
    assert desk.state.algorithms == {}
    assert desk.update("check-pass", INSPECTOR, T0 + 5 * HOUR) == ""

    assert desk.state.algorithms == {"a1": AlarmRecord(1, 0)}


def test_nobody_is_given_the_check_of_what_they_confirmed() -> None:
    """A department above answers for what was handled: who confirmed it for that department does not check it."""
    inspectors = f"id,areas,lat,lon,checks_max\n{ROADS.id},*,,,\nother,*,,,\n"
    desk = opened(**{"inspectors.csv": inspectors})
    desk.update("forward", ROADS, T0 + HOUR, department="roads-street")
    desk.update("accept", STREET, T0 + 2 * HOUR)
    desk.update("handle", STREET, T0 + 3 * HOUR, evidence_urls=PICTURE)
    desk.update("check-pass", ROADS, T0 + 4 * HOUR)

    assert desk.only().inspector == "other"
    assert desk.update("give-check", DISPATCHER, T0 + 5 * HOUR, inspector=ROADS.id) == "handler-is-checker"
    assert_laws(desk)


def test_an_order_goes_down_as_far_as_the_pack_does() -> None:
    """Each level gets an assignment that names those above; its attempt rises; they hear of every step below."""
    desk = with_the_grid()

    order = desk.only()
    assert chain(order) == ("roads", "roads-street", "roads-community", "roads-grid")
    assert (order.state, order.attempt) == ("accepted", 4)
    for department in chain(order)[1:]:
        assert len(sent(desk, f"assignments/{department}", ASSIGNMENT)) == 1
        assert sent(desk, f"assignments/{department}", WITHDRAWAL) == []
    assert len(sent(desk, "assignments/roads", STEP_BELOW)) == 6  # three hand-overs, three acceptances
    last = next(out for out in desk.sent if out.topic == "assignments/roads-grid")
    assert msgspec.json.decode(last.value)["held_for"] == ["roads", "roads-street", "roads-community"]
    assert desk.update("forward", GRID, T0 + 4 * HOUR) == "nobody-below"
    assert_laws(desk)


def test_each_level_confirms_what_was_done_before_anybody_else_checks_it() -> None:
    """The lowest first; each clock stops where its own level confirms; then the inspector, and all that was handed
    down has ended."""
    desk = with_the_grid()
    desk.update("handle", GRID, T0 + 5 * HOUR, evidence_urls=PICTURE)
    assert desk.update("check-pass", INSPECTOR, T0 + 5 * HOUR) == "not-confirmed"
    assert desk.update("check-pass", ROADS, T0 + 5 * HOUR) == "not-confirmed"
    assert desk.update("check-pass", WORKS, T0 + 5 * HOUR) == "not-accountable"
    assert desk.update("check-pass", Actor("department", "roads-community"), T0 + 5 * HOUR) == "missing-name"
    assert [limit.stage for limit in desk.only().limits if limit.stage == "check"] == []

    for n, who in enumerate(reversed(DOWN), 6):
        assert desk.update("check-pass", who, T0 + n * HOUR) == ""

    order = desk.only()
    assert [turn.handled_ms for turn in order.held_for] == [8 * HOUR, 6 * HOUR, 4 * HOUR]
    assert order.assignments[-1].handled_ms == 2 * HOUR
    assert [limit.stage for limit in order.limits if limit.stage == "check"] == ["check"]
    assert desk.update("take-back", ROADS, T0 + 8 * HOUR, reason="r") == "not-accountable"
    assert desk.update("check-pass", Actor("inspector", "roads", "x"), T0 + 9 * HOUR) == "handler-is-checker"
    assert desk.update("check-pass", INSPECTOR, T0 + 9 * HOUR) == ""
    order = desk.only()
    assert (order.state, order.closings[-1].handled_at) == ("closed", T0 + 8 * HOUR)
    assert order.checks[-1].handled_at == T0 + 8 * HOUR  # that the levels took so long is no time of the check's
    assert {turn.ended_by for turn in (*order.held_for, *order.assignments)} == {"closed"}
    assert_laws(desk)


def test_no_order_counts_twice_over_the_levels() -> None:
    """What an order counts for as a whole stands at whoever did it and, once, in the sums of all levels above; each
    assignment counts for itself."""
    desk = answered()
    desk.update("check-pass", INSPECTOR, T0 + 9 * HOUR)

    own, summed = figures(desk), figures(desk, below=True)
    for figure in ("opened", "closed", "closed_on_time", "closed_first_dispatch"):
        assert {key: row[figure] for key, row in own.items() if figure in row} == {"roads-grid": 1}
        assert {key: row[figure] for key, row in summed.items() if figure in row} == dict.fromkeys(
            ("roads", "roads-street", "roads-community", "roads-grid"), 1
        )
        assert desk.count(figure) == 1
    for figure, own_sum in (("assigned", 1), ("handled", 1)):
        assert {key: row[figure] for key, row in own.items() if figure in row} == dict.fromkeys(summed, own_sum)
        assert [summed[f"roads{level}"][figure] for level in ("", "-street", "-community", "-grid")] == [4, 3, 2, 1]
    assert {key: row["forwarded"] for key, row in own.items() if "forwarded" in row} == dict.fromkeys(
        ("roads", "roads-street", "roads-community"), 1
    )


def test_another_category_is_that_of_each_level_that_has_the_order() -> None:
    """Whoever has handed it down answers for the same order: nothing is left with the category that it was not."""
    desk = with_the_grid()

    assert desk.update("re-categorise", DISPATCHER, T0 + 5 * HOUR, category="water-leak", reason="a pipe") == ""

    assert (desk.count("assigned", "category/water-leak"), desk.count("assigned", "category/pothole")) == (4, 0)
    assert desk.count("forwarded", "category/water-leak") == 3
    assert_laws(desk)


def test_a_level_above_takes_an_order_back_from_all_below() -> None:
    """The street has it again in the limit that has run on; both below are withdrawn, the bureau stays accountable."""
    desk = with_the_grid()
    due = desk.only().held_for[1].handle_due

    assert desk.update("take-back", STREET, T0 + 5 * HOUR) == "missing-reason"
    assert desk.update("take-back", WORKS, T0 + 5 * HOUR, reason="r") == "not-accountable"
    assert desk.update("take-back", STREET, T0 + 5 * HOUR, reason="we are nearer") == ""

    order = desk.only()
    assert chain(order) == ("roads", "roads-street")
    assert (order.state, order.attempt) == ("accepted", 5)
    assert [limit.due for limit in order.limits if limit.name == "handle"] == [due]
    assert [turn.ended_by for turn in order.assignments] == ["recalled", "recalled", ""]
    for department in ("roads-community", "roads-grid"):
        assert len(sent(desk, f"assignments/{department}", WITHDRAWAL)) == 1
    assert desk.update("handle", GRID, T0 + 5 * HOUR, evidence_urls=PICTURE) == "wrong-department"
    assert desk.update("handle", STREET, T0 + 6 * HOUR, evidence_urls=PICTURE) == ""
    assert desk.only().assignments[-1].handled_ms == 5 * HOUR
    assert_laws(desk)


@pytest.mark.parametrize(
    ("action", "said", "figure"),
    [("report-up", {}, "reported_up"), ("return", {"code": "not-my-area"}, "returned")],
)
def test_what_goes_up_goes_to_whoever_handed_it_down(action: str, said: dict[str, str], figure: str) -> None:
    """Without a dispatcher, charged to nobody; handed down to the same department once more it stays there."""
    desk = opened()
    desk.update("forward", ROADS, T0 + HOUR, department="roads-street")

    assert desk.update(action, STREET, T0 + 2 * HOUR, reason="too large for us", **said) == ""

    order = desk.only()
    assert (chain(order), order.state, order.returns) == (("roads",), "accepted", 0)
    assert figures(desk)["roads-street"][figure] == 1
    assert desk.count("misroutes") == 0
    desk.update("forward", ROADS, T0 + 3 * HOUR, department="roads-street")
    assert desk.only().assignments[-1].binding
    assert desk.update(action, STREET, T0 + 3 * HOUR, reason="r", **said) == "binding"
    assert_laws(desk)


def test_what_dispatching_gave_to_a_level_below_goes_up_as_a_new_assignment() -> None:
    """The level above by the pack has to accept it; nobody was asked by mistake."""
    desk = opened(**appended("responsibility.csv", "pothole,south,roads-street,,,"))
    assert desk.only().department == "roads-street"

    assert desk.update("report-up", STREET, T0 + HOUR) == "missing-reason"
    assert desk.update("report-up", STREET, T0 + HOUR, reason="a bridge") == ""

    order = desk.only()
    assert (order.state, chain(order), order.attempt) == ("assigned", ("roads",), 2)
    assert order.assignments[-1].why is not None
    assert order.assignments[-1].why.by == "report-up"
    assert desk.update("report-up", ROADS, T0 + HOUR, reason="r") == "nobody-above"
    desk.update("accept", ROADS, T0 + 2 * HOUR)
    desk.update("handle", ROADS, T0 + 3 * HOUR, evidence_urls=PICTURE)
    desk.update("check-pass", INSPECTOR, T0 + 3 * HOUR)
    assert desk.count("closed_first_dispatch") == 1
    assert_laws(desk)


def test_a_department_below_has_a_share_of_what_is_left() -> None:
    """Half of the bureau's twenty hours, then of the street's ten; its time to accept is the category's."""
    desk = opened("forward_share = 0.5\n")
    desk.update("forward", ROADS, T0 + 4 * HOUR, department="roads-street")

    street = desk.only().assignments[-1]
    assert street.handle_due == T0 + 14 * HOUR
    assert street.accept_due == T0 + 6 * HOUR
    desk.update("forward", STREET, T0 + 4 * HOUR, department="roads-other")
    assert desk.only().assignments[-1].handle_due == T0 + 9 * HOUR


def test_the_limits_of_all_levels_run_until_each_has_confirmed() -> None:
    """The one below is late first, then the one above, which is told; what is handled below waits on its account."""
    desk = opened("forward_share = 0.5\n")
    desk.update("forward", ROADS, T0, department="roads-street")
    desk.update("accept", STREET, T0 + HOUR)

    desk.tick(T0 + 20 * HOUR)
    told = [(f.stage, f.department, f.at) for f in facts_of(desk.sent) if isinstance(f, facts.Breached)]
    assert told == [("handle", "", T0 + 12 * HOUR)]
    desk.update("handle", STREET, T0 + 21 * HOUR, evidence_urls=PICTURE)
    desk.tick(T0 + 25 * HOUR)

    told = [(f.stage, f.department, f.at) for f in facts_of(desk.sent) if isinstance(f, facts.Breached)]
    assert told[1:] == [("handle", "roads", T0 + 24 * HOUR)]
    late = [out.key for out in desk.sent if out.topic == "notices" and b'"kind":"breached"' in out.value]
    assert late == ["roads-street", "supervisor", "roads", "supervisor"]
    desk.update("check-pass", ROADS, T0 + 26 * HOUR)
    own = figures(desk)
    assert (own["roads"]["handle_done"], own["roads-street"]["handle_done"]) == (1, 1)
    assert "handle_on_time" not in own["roads"]
    assert_laws(desk)


def test_what_a_level_above_or_an_inspector_finds_wanting_is_done_again_below() -> None:
    """The department that did it gets the rework; all above must confirm anew; the limits have run on."""
    desk = with_the_grid()
    desk.update("handle", GRID, T0 + 5 * HOUR, evidence_urls=PICTURE)
    assert desk.update("check-fail", COMMUNITY, T0 + 6 * HOUR) == "missing-reason"
    assert desk.update("check-fail", COMMUNITY, T0 + 6 * HOUR, reason="still open") == ""
    assert (desk.only().state, desk.only().attempt) == ("accepted", 5)
    desk.update("handle", GRID, T0 + 7 * HOUR, evidence_urls=PICTURE)
    for who in reversed(DOWN):
        desk.update("check-pass", who, T0 + 8 * HOUR)

    assert desk.update("check-fail", INSPECTOR, T0 + 9 * HOUR, reason="a gap is left") == ""

    order = desk.only()
    assert chain(order) == ("roads", "roads-street", "roads-community", "roads-grid")
    assert [turn.handled_at for turn in (*order.held_for, *order.assignments)] == [None] * 4
    assert order.assignments[-1].reworks == 2
    assert len(sent(desk, "assignments/roads-grid", REWORK)) == 2
    assert desk.count("closed_reworked") == 0
    assert_laws(desk)


def test_a_dispatcher_takes_an_order_away_from_a_whole_chain() -> None:
    """One misroute, that of the bureau; everybody is withdrawn; the limit moves by the bureau's turn."""
    desk = with_the_grid()
    due = desk.only().due
    assert due is not None

    assert desk.update("re-assign", DISPATCHER, T0 + 6 * HOUR, department="works", reason="a pipe") == ""

    order = desk.only()
    assert (order.department, order.held_for) == ("works", ())
    assert [turn.department for turn in order.assignments if turn.misrouted] == ["roads"]
    assert (desk.count("misroutes"), desk.count("misroute_ms")) == (1, 6 * HOUR)
    for department in ("roads", "roads-street", "roads-community", "roads-grid"):
        assert len(sent(desk, f"assignments/{department}", WITHDRAWAL)) == 1
    [taken] = [fact for fact in facts_of(desk.sent) if isinstance(fact, facts.TakenBack)]
    for department in ("roads", "roads-street", "roads-community"):  # the step that takes it from them is told as well
        told = sent(desk, f"assignments/{department}", STEP_BELOW)
        assert told[-1] == f"{facts.ce_id(taken)}/{department}/below"
    assert order.due is not None
    assert order.due >= due
    assert_laws(desk)


def test_a_suspension_and_an_extension_hold_for_all_levels() -> None:
    """Nobody's clock runs while the order is suspended; one original limit more is one more for each."""
    desk = with_the_grid()
    before = [turn.handle_due for turn in (*desk.only().held_for, desk.only().assignments[-1])]
    desk.update("request-suspension", GRID, T0 + 4 * HOUR, reason="frost", until=T0 + 2 * DAY)
    desk.update("approve-suspension", DISPATCHER, T0 + 4 * HOUR)
    desk.tick(T0 + DAY + 20 * HOUR)
    assert "breached" not in desk.names()

    desk.update("resume", GRID, T0 + DAY + 20 * HOUR)

    order = desk.only()
    after = [turn.handle_due for turn in (*order.held_for, order.assignments[-1])]
    assert [b - a for a, b in zip(before, after, strict=True) if a and b] == [40 * HOUR] * 4
    assert {turn.suspended_ms for turn in (*order.held_for, order.assignments[-1])} == {40 * HOUR}
    desk.update("request-extension", GRID, T0 + DAY + 20 * HOUR, reason="parts")
    desk.update("approve-extension", DISPATCHER, T0 + DAY + 20 * HOUR)
    later = [turn.handle_due for turn in (*desk.only().held_for, desk.only().assignments[-1])]
    assert all(b > a for a, b in zip(after, later, strict=True) if a and b)
    assert later[0] == (after[0] or 0) + 24 * HOUR
    assert_laws(desk)


def test_a_reopened_order_goes_to_the_department_that_answered_for_it() -> None:
    """It hands it down anew; an appeal is that of the department that did it."""
    desk = answered()
    desk.update("check-pass", INSPECTOR, T0 + 9 * HOUR)

    assert desk.update("reopen", OPERATOR, T0 + 10 * HOUR, reason="open again") == ""

    order = desk.only()
    assert (order.state, chain(order)) == ("assigned", ("roads",))
    assert [turn.department for turn in order.assignments] == [
        "roads", "roads-street", "roads-community", "roads-grid", "roads",
    ]  # fmt: skip
    assert desk.update("forward", ROADS, T0 + 11 * HOUR, department="roads-grid") == ""
    assert_laws(desk)


def test_an_end_by_force_ends_the_turns_of_all_levels() -> None:
    """Everybody is withdrawn and nothing runs any more."""
    desk = with_the_grid()

    assert desk.update("force-close", OPERATOR, T0 + 5 * HOUR, reason="r") == ""

    order = desk.only()
    assert order.limits == ()
    assert all(turn.ended_at for turn in (*order.held_for, *order.assignments))
    for department in ("roads", "roads-street", "roads-community", "roads-grid"):
        assert len(sent(desk, f"assignments/{department}", WITHDRAWAL)) == 1
    assert_laws(desk)


TABLE = (
    "category,area,above,lead,assists\n"
    "road,*,,roads,\n"
    "road,south,,roads-street,\n"
    "pothole,south-w,roads,roads-community,works\n"
    "road,south-w,roads-street,roads-other,\n"
)


@pytest.mark.parametrize(
    ("above", "category", "area", "lead"),
    [
        ("roads", "pothole", "south-w", "roads-community"),  # its own row
        ("roads", "pothole", "south-e", "roads-street"),  # none of its own: dispatching's, which stands below it
        ("roads-street", "pothole", "south-w", "roads-other"),
        ("roads-street", "pothole", "south-e", None),  # dispatching's row leads to itself
        ("roads-community", "pothole", "south-w", None),  # the rows of those above lead nowhere below it
        ("works", "pothole", "south-w", None),
    ],
)
def test_each_level_has_rows_of_its_own_and_else_those_above(
    above: str, category: str, area: str, lead: str | None
) -> None:
    """And only what stands below it is an answer."""
    city = levels_city(**{"responsibility.csv": TABLE})

    row = city.responsible_below(above, category, area, date(2026, 3, 2))

    assert (row.lead if row else None) == lead


def test_an_order_is_handed_down_by_the_table_where_nobody_is_named() -> None:
    """With the row's assists, and the row in the reason; else a department must be named that stands below."""
    desk = opened(**{"responsibility.csv": TABLE.replace("road,south,,roads-street,\n", "")})

    assert desk.update("forward", ROADS, T0, department="works") == "not-below"
    assert desk.update("forward", ROADS, T0, department="nobody") == "unknown-department"
    assert desk.update("forward", ROADS, T0) == ""

    order = desk.only()
    assert (order.department, order.assignments[-1].assists) == ("roads-community", ("works",))
    assert order.assignments[-1].why is not None
    assert order.assignments[-1].why.table_row == 3
    assert desk.update("forward", STREET, T0) == "wrong-department"


def test_a_row_of_a_level_leads_below_it() -> None:
    """Any other department, and one that the pack does not have, is a mistake with its line."""
    rows = "category,area,above,lead\nroad,*,,roads\nroad,south,works,roads\nroad,north,nobody,roads\n"

    with pytest.raises(CityError) as error:
        tiny_city({"responsibility.csv": rows, "rules.toml": "", "inhibitions.csv": None})

    assert "responsibility.csv:3: lead: roads does not stand below works" in str(error.value)
    assert "responsibility.csv:4: above: 'nobody' is not a department" in str(error.value)
