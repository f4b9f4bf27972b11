"""The audit of a partition: silent when all agrees, and by name when anything does not."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import pytest

from dispatcher.auditing import Recount
from dispatcher.desk import decide
from dispatcher.figures.figure_row import FigureRow, decode, encode
from dispatcher.figures.indicators import Window
from dispatcher.order import facts
from dispatcher.order.row import Order
from dispatcher.partition import row_keys
from dispatcher.partition.decision import Failure, Outgoing, failed_items, failed_rows
from dispatcher.partition.state import DeskState, Meta
from dispatcher.steps import dispatching
from models.city import City
from models.envelope import event_type
from models.guess import Guess
from models.inbox import Actor, InboxRecord, InboxUpdate, Item, Sighting, Tick
from models.times import from_text
from tests.support.cities import tiny_city
from tests.support.desks import T0, Desk
from tests.support.desks import report as desk_report

START = from_text("2026-04-30T08:00:00+08:00")
HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass
class Kept:
    """What a desk has left behind: its log, its rows, its figures, and the inbox that led to them."""

    city: City
    inbox: list[InboxRecord]
    log: list[Outgoing]
    rows: dict[str, bytes]
    figures: dict[str, FigureRow]
    archive: dict[str, bytes]
    failed: tuple[tuple[int, int], ...] = ()

    def repair(self) -> None:
        """Write what the recount says over the rows."""
        orders = msgspec.json.Decoder(Order)
        repairs = self.recount().repairs(
            {key: orders.decode(value) for key, value in self.rows.items() if row_keys.is_order(key)},
            {key: orders.decode(value) for key, value in self.archive.items()},
            self.figures,
        )
        for key, order in repairs.desk.items():
            if order is None:
                del self.rows[key]
            else:
                self.rows[key] = msgspec.json.encode(order)
        self.archive |= {key: msgspec.json.encode(order) for key, order in repairs.archive.items()}
        self.figures |= repairs.figures

    def recount(self) -> Recount:
        """Log and inbox recomputed."""
        recount = Recount(0, self.city.zone, self.failed)
        for record in self.log:
            recount.fact(event_type(record.headers), record.value)
        for come in self.inbox:
            recount.inbox(come, {self.city.digest: self.city}, self.city.digest)
        return recount

    def audited(self, window: Window | None = None) -> list[str]:
        """The differences as sentences."""
        recount = self.recount()
        orders = msgspec.json.Decoder(Order)
        recount.check_orders(
            {key: orders.decode(value) for key, value in self.rows.items() if row_keys.is_order(key)},
            {key: orders.decode(value) for key, value in self.archive.items()},
        )
        recount.check_figures(self.figures, window)
        return [str(each) for each in recount.differences]


def guess(category: str) -> Guess:
    """A confident one."""
    return Guess(category=category, probability=0.99, model="m", threshold=0.5)


def report(n: int, at: int, category: str = "pothole", area: str = "south-e") -> Sighting:
    """One citizen's report, classified with confidence."""
    return Sighting(kind="report", source="app", id=str(n), at=at, area=area, text=f"case {n}", guess=guess(category))


def detection(n: int, at: int, label: str = "pothole") -> Sighting:
    """One detection of one camera, each of an object of its own."""
    return Sighting(
        kind="detection",
        source="cam",
        id=str(n),
        at=at,
        area="south-e",
        camera="cam-se-1",
        label=label,
        object_id=str(n % 2),
        category=label,
    )


def step(n: int, action: str, at: int, role: str, **more: str) -> InboxUpdate:
    """One step with the order of a report."""
    return InboxUpdate(
        source="dept",
        id=f"{n}/{action}/{at}",
        at=at,
        action=action,
        by=Actor(role, "roads" if role == "department" else "", f"{role}-1"),
        area="south-e",
        report=("app", str(n)),
        evidence_urls=("https://cases.example/1",),
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture
def kept() -> Kept:
    """Two weeks: repeats, a control zone, cameras, a rework, a return, a reopening, breaches."""
    city = tiny_city()
    events: list[Item] = [
        report(1, START),
        report(1, START),
        report(2, START + HOUR),
        step(1, "accept", START + HOUR, "department"),
        step(1, "handle", START + 2 * HOUR, "department"),
        step(1, "check-fail", START + 3 * HOUR, "inspector", reason="not mended"),
        step(1, "handle", START + 4 * HOUR, "department"),
        step(1, "check-pass", START + 5 * HOUR, "inspector"),
        step(2, "return", START + 2 * HOUR, "department", code="not-my-function", reason="not ours"),
        step(2, "approve-return", START + 9 * HOUR, "dispatcher", department="works", reason="theirs"),
        *(detection(n, START + n * HOUR) for n in range(6)),
        report(3, START + 30 * HOUR, "street-vendor"),  # inside the control zone of 1 to 3 May
        detection(50, START + 31 * HOUR),
        detection(50, START + 31 * HOUR),
        step(1, "reopen", START + 3 * DAY, "operator", reason="broken again"),
        report(4, START + 2 * DAY, area="north-w"),
        step(4, "reject", START + 3 * DAY, "operator", reason="nothing there"),
        step(9, "accept", START + 3 * DAY, "department"),
    ]
    state = DeskState(0)
    state.meta = Meta(pack=city.digest)
    inbox: list[InboxRecord] = []
    kept = Kept(city, inbox, [], {}, {}, {})
    ordered = sorted(events, key=lambda item: item.at)  # type: ignore[union-attr]
    clocked = [(item.at, item) for item in ordered] + [(START + 60 * DAY, Tick())]  # type: ignore[union-attr]
    for offset, (clock, item) in enumerate(clocked):
        inbox.append(InboxRecord(0, offset, clock, (item,)))
        decision = decide(state, inbox[-1:], {city.digest: city})
        assert decision.failures == []
        decision.changes.apply()
        kept.log += [record for record in decision.records if record.topic == "orders"]
        kept.archive |= {record.key: record.value for record in decision.records if record.topic == "archive"}
        kept.rows = {k: v for k, v in {**kept.rows, **decision.rows}.items() if v is not None}
    kept.figures = dict(state.figures)
    return kept


def test_a_desk_that_did_its_work_has_no_differences(kept: Kept) -> None:
    """Log, rows, archive, figures and inbox agree to the last count, and every kind of count is there."""
    assert kept.archive
    assert kept.audited() == []
    names = {name for row in kept.figures.values() for name in row.counters}
    assert {"received", "detections", "duplicates", "suppressed", "reopened", "returns_approved"} <= names


def test_of_each_fact_it_shows_whether_rows_are_of_before_it(kept: Kept) -> None:
    """An older copy of the rows lacks the newest fact, also where that was an order's last one; refusals are none."""
    city, state, recount = kept.city, DeskState(0), Recount(0, kept.city.zone)
    state.meta = Meta(pack=city.digest)
    batches = []
    for record in kept.inbox:
        decision = decide(state, [record], {city.digest: city})
        before = dict(state.orders)
        decision.changes.apply()
        log = [each for each in decision.records if each.topic == "orders"]
        for each in log:
            recount.fact(event_type(each.headers), each.value)
        if any(not event_type(each.headers).endswith("update-refused.v1") for each in log):
            batches.append((recount.is_kept_in(before), recount.is_kept_in(state.orders)))

    assert len(batches) > 10
    assert set(batches) == {(False, True)}
    assert isinstance(recount.newest, facts.Archived)


def test_figures_of_another_moment_than_the_state_are_named_whatever_they_count(kept: Kept) -> None:
    """Of what leaves no trace in the log nothing else tells that it is lost."""
    meta, recount = msgspec.json.decode(kept.rows[row_keys.META], type=Meta), kept.recount()
    key, row = next((key, row) for key, row in kept.figures.items() if "suppressed" in row.counters)
    older = {**kept.figures, key: msgspec.structs.replace(row, version=row.version - 1)}
    assert isinstance(meta.booked, int)

    recount.check_booked(kept.figures, meta.booked)
    assert recount.differences == []
    recount.check_booked(older, meta.booked)

    said = f"bookings of figures in partition 0: kept {meta.booked - 1}, recomputed {meta.booked}"
    assert [str(each) for each in recount.differences] == [said]


def _less_one_fact(kept: Kept) -> None:
    del kept.log[-1]


def _one_order_less(kept: Kept) -> None:
    del kept.rows[next(key for key in kept.rows if row_keys.is_order(key))]


def _an_order_changed(kept: Kept) -> None:
    key = next(key for key in kept.rows if row_keys.is_order(key))
    order = msgspec.json.decode(kept.rows[key], type=Order)
    kept.rows[key] = msgspec.json.encode(msgspec.structs.replace(order, priority=order.priority % 5 + 1))


def _a_count_changed(kept: Kept) -> None:
    key = next(key for key, row in kept.figures.items() if "opened" in row.counters)
    row = kept.figures[key]
    kept.figures[key] = FigureRow(row.version, {**row.counters, "opened": row.counters["opened"] + 1}, row.sketches)


def _a_row_lost(kept: Kept) -> None:
    del kept.figures[next(key for key in kept.figures if key.startswith("actor/"))]


def _an_event_lost(kept: Kept) -> None:
    at = next(n for n, record in enumerate(kept.inbox) if record.items == (detection(50, START + 31 * HOUR),))
    del kept.inbox[at]


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (_less_one_fact, "in the desk: kept nothing, recomputed rejected at seq"),
        (_one_order_less, "kept nothing, recomputed"),
        (_an_order_changed, "kept priority="),
        (_a_count_changed, "figure opened of "),
        (_a_row_lost, "of actor/"),
        (_an_event_lost, "figure duplicates of "),
    ],
)
def test_every_kind_of_damage_is_named(kept: Kept, damage: Callable[[Kept], None], named: str) -> None:
    """One thing is wrong: the audit says which."""
    damage(kept)
    found = kept.audited()
    assert any(named in sentence for sentence in found), found


def _an_archived_order_back(kept: Kept) -> None:
    kept.rows |= kept.archive


def _the_archive_lost(kept: Kept) -> None:
    kept.archive.clear()


@pytest.mark.parametrize(
    "damage",
    [_one_order_less, _an_order_changed, _a_count_changed, _a_row_lost, _an_archived_order_back, _the_archive_lost],
)
def test_wrong_rows_are_repaired_from_the_log(kept: Kept, damage: Callable[[Kept], None]) -> None:
    """What is written over them is right and leaves the counts that only the desk knows."""
    before = dict(kept.figures)
    suppressed = sum(row.counters.get("suppressed", 0) for row in before.values())
    damage(kept)
    assert kept.audited() != []
    kept.repair()
    assert kept.audited() == []
    assert sum(row.counters.get("suppressed", 0) for row in kept.figures.values()) == suppressed > 0


def _a_gap(kept: Kept) -> None:
    del kept.log[1]


def _an_order_unknown_to_the_log(kept: Kept) -> None:
    key = next(key for key in kept.rows if row_keys.is_order(key))
    kept.rows["south-e-20260430-neverwasaa"] = kept.rows[key]


@pytest.mark.parametrize("damage", [_less_one_fact, _a_gap, _an_order_unknown_to_the_log])
def test_nothing_is_repaired_from_a_log_in_doubt(kept: Kept, damage: Callable[[Kept], None]) -> None:
    """A row that tells more than the log may be right: a person must look."""
    damage(kept)
    with pytest.raises(ValueError, match="the log"):
        kept.repair()


def test_a_gap_in_the_log_is_named(kept: Kept) -> None:
    """A fact that does not follow the one before it."""
    del kept.log[1]
    assert any(sentence.startswith("log of south-e-") for sentence in kept.audited())


def test_what_the_core_failed_at_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report at which the core raised counts for nothing; taken in later, it counts once; its neighbours count."""
    desk = Desk()
    with monkeypatch.context() as patch:
        patch.setattr(dispatching, "dispatch", _raise)
        desk.feed(desk_report("1", T0), at=T0)
    desk.feed(desk_report("impossible", 10**17), desk_report("2", T0, lat=30.09), at=T0)
    assert len(desk.failures) == 2
    assert kept_by(desk, ((1, 0), (2, 0))).audited() == []
    desk.feed(desk_report("1", T0), at=T0 + HOUR)
    assert kept_by(desk, ((1, 0), (2, 0))).audited() == []
    assert desk.count("received") == 2


def test_a_report_that_was_lost_without_a_failure_is_still_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the desk has said it failed at is left out."""
    desk = Desk()
    monkeypatch.setattr(dispatching, "dispatch", _raise)
    desk.feed(desk_report("1", T0), at=T0)
    assert any("figure received of" in sentence for sentence in kept_by(desk, ()).audited())


def test_the_desk_names_what_it_failed_at_in_its_changelog() -> None:
    """One row for a batch and lane, which a restored state passes over."""
    item = desk_report("1", T0)
    failures = [Failure(7, 0, item, "E"), Failure(9, 2, item, "E"), Failure(7, 1, item, "E", urgent=True)]

    rows = failed_rows(failures)

    assert list(rows) == ["failed/7", "failed/urgent/7"]
    assert failed_items({**rows, "meta": b"{}"}) == {(7, 0), (9, 2)}
    assert failed_items({**rows, "meta": b"{}"}, urgent=True) == {(7, 1)}
    assert DeskState.restore(0, list(rows.items()), []).orders == {}


def _raise(*_: object) -> None:
    raise ZeroDivisionError


def kept_by(desk: Desk, failed: tuple[tuple[int, int], ...]) -> Kept:
    """What a desk has left behind."""
    return Kept(
        city=desk.city,
        inbox=desk.inbox,
        log=[record for record in desk.sent if record.topic == "orders"],
        rows=desk.rows,
        figures={key.rpartition("/")[0] + "/0": decode(value) for key, value in desk.figure_rows.items()},
        archive={},
        failed=failed,
    )


def test_only_the_figures_of_the_window_are_compared(kept: Kept) -> None:
    """Damage on another day is not this window's."""
    _a_count_changed(kept)
    assert kept.audited(Window(first=20260701, last=20260731)) == []
    assert kept.audited(Window(first=20260401, last=20260531)) != []


def test_rows_survive_the_wire(kept: Kept) -> None:
    """What is compared is what stands in the topic."""
    assert all(decode(encode(row)) == row for row in kept.figures.values())
