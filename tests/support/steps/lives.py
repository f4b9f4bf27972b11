"""Lives of orders for tests of the figures: facts in the order in which they happened, folded into rows."""

from typing import Any

from dispatcher.order import facts
from dispatcher.order.folds.apply import fold
from dispatcher.order.row import Order, RunningLimit, State
from models.city import LimitStage
from models.events import Evidence, Why
from models.inbox import Actor

SYSTEM = Actor("system")
CHECKER = Actor("inspector", "", "inspector-7")
DISPATCHER = Actor("dispatcher", "", "dispatcher-1")


def limit(stage: LimitStage, start: int, due: int) -> RunningLimit:
    """A running limit."""
    return RunningLimit(stage=stage, started_at=start, warn_at=due, due=due)


class Life:
    """The log of one order, written fact by fact; `row` is its fold."""

    def __init__(
        self, n: int, at: int, day: int, area: str = "south-w", due: int | None = None, reporter: str = ""
    ) -> None:
        self.id = f"{area}-{day}-{n:010d}"
        self.log: list[facts.Fact] = []
        self.attempt = 0
        self.add(
            facts.Opened,
            at,
            "review",
            area=area,
            day=day,
            pack="0" * 16,
            evidence=Evidence(kind="report", source="app", id=str(n), at=at, text="x", reporter=reporter),
            due_given=True,
            whole=None if due is None else limit("whole", at, due),
        )

    @property
    def row(self) -> Order:
        """The order's row as it stands."""
        order = fold(self.log)
        assert order is not None
        return order

    def add(self, kind: type[facts.Fact], at: int, state: State, actor: Actor = SYSTEM, **fields: Any) -> "Life":
        """One more fact."""
        fact = kind(
            order_id=self.id,
            seq=len(self.log) + 1,
            state=state,
            at=at,
            recorded_at=at,
            actor=actor,
            **fields,
        )
        self.log.append(fact)
        return self

    def review(self, at: int, due: int | None = None) -> "Life":
        """A person must decide."""
        waiting = None if due is None else limit("review", at, due)
        return self.add(facts.SentToReview, at, "review", reason="unsure", limit=waiting)

    def assign(
        self,
        at: int,
        department: str = "roads",
        category: str = "pothole",
        due: int | None = None,
        due_raw: int | None = None,
        accept_due: int | None = None,
        actor: Actor = DISPATCHER,
    ) -> "Life":
        """A department gets it; `due` is the whole order's limit from here on."""
        self.attempt += 1
        return self.add(
            facts.Assigned,
            at,
            "assigned",
            actor,
            attempt=self.attempt,
            department=department,
            why=Why(by="table"),
            category=category,
            whole=None if due is None else limit("whole", at, due),
            accept=None if accept_due is None else limit("accept", at, accept_due),
            due_raw=due if due_raw is None else due_raw,
        )

    def accept(self, at: int, actor: Actor | None = None) -> "Life":
        """The department takes it on."""
        return self.add(facts.Accepted, at, "accepted", actor or Actor("department", "roads", "clerk-1"))

    def handle(self, at: int, handled_ms: int = 0, work_ms: int = 0) -> "Life":
        """The department has dealt with it."""
        return self.add(
            facts.Handled, at, "handled", Actor("department"), handled_ms=handled_ms, handled_work_ms=work_ms
        )

    def check(self, at: int, passed: bool = True) -> "Life":
        """An inspector looks; failed means rework."""
        if not passed:
            self.attempt += 1
        state: State = "handled" if passed else "accepted"
        return self.add(facts.Checked, at, state, CHECKER, passed=passed, attempt=self.attempt)

    def close(self, at: int, forced: bool = False) -> "Life":
        """The order ends."""
        return self.add(facts.Closed, at, "closed", CHECKER, forced=forced)

    def breach(self, due: int, stage: LimitStage = "whole") -> "Life":
        """A limit is used up; the state stays."""
        return self.add(facts.Breached, due, self.row.state, stage=stage, due=due)

    def reopen(self, at: int) -> "Life":
        """It was not settled after all; an assignment must follow."""
        return self.add(facts.Reopened, at, "review", Actor("reporter"))

    def give_back(self, at: int, approved_at: int, held_ms: int) -> "Life":
        """The department returns it, and that was right."""
        self.add(facts.Returned, at, "returned", Actor("department"), code="not-my-area", reason="elsewhere")
        return self.add(facts.ReturnApproved, approved_at, "returned", DISPATCHER, held_ms=held_ms, held_work_ms=0)
