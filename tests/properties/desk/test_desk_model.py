"""The desk against a naive model of the rules: random actions and waits, and both agree on every fact and refusal."""

from typing import ClassVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from models.inbox import Actor
from models.times import day_number, local_day
from tests.support.desks import HOUR, T0, Desk, assert_laws, guess, name, quiet_city, report
from tests.support.desks import facts_of as decoded
from tests.support.examples import examples
from tests.support.steps.naive_desk import HOURS, SUITABLE, NaiveOrder

LIMITS = "category,condition,stage,amount,unit\n" + "".join(f"*,,{s},{n},hour24\n" for s, n in HOURS.items())
CITY = quiet_city("", **{"limits.csv": LIMITS})
ACTIONS = (
    "accept", "return", "handle", "check-pass", "check-fail", "reopen", "approve-return", "refuse-return", "arbitrate",
    "request-extension", "approve-extension", "request-suspension", "approve-suspension", "decide", "progress",
    "resume", "refuse-extension", "refuse-suspension", "force-close", "reject", "appeal",
    "re-assign", "re-categorise", "supervise", "remind", "comment",
)  # fmt: skip
FITTING = {
    "assigned": ("accept", "accept", "return", "return", "request-extension", "approve-extension", "re-assign"),
    "accepted": (
        "handle",
        "return",
        "request-extension",
        "approve-extension",
        "request-suspension",
        "approve-suspension",
        "progress",
        "refuse-extension",
        "refuse-suspension",
        "re-assign",
    ),
    "handled": ("check-fail", "check-pass", "supervise"),
    "returned": ("approve-return", "approve-return", "refuse-return"),
    "arbitration": ("arbitrate",),
    "review": ("decide",),
    "closed": ("reopen", "appeal", "comment"),
    "suspended": ("handle", "resume"),
    "rejected": ("reopen",),
}
ROLES = {"approve-return": "dispatcher", "refuse-return": "dispatcher", "arbitrate": "duty-officer"}
ROLES |= {"approve-extension": "dispatcher", "approve-suspension": "dispatcher", "decide": "reviewer"}
ROLES |= {"refuse-extension": "dispatcher", "refuse-suspension": "dispatcher"}
ROLES |= {"force-close": "operator", "reject": "operator", "reopen": "operator"}
ROLES |= {"check-pass": "inspector", "check-fail": "inspector", "comment": "inspector"}
ROLES |= {"re-assign": "dispatcher", "re-categorise": "dispatcher", "supervise": "duty-officer", "remind": "reporter"}
CODES = {"return": "unclear"}
WAITS = st.sampled_from((0, 0, 1, 1, 3, 10, 30))
TARGETS = st.sampled_from(("", "roads", "works", "police", "north-office"))
REASONS = st.sampled_from(("r",) * 9 + ("",))


class DeskAgainstModel(RuleBasedStateMachine):
    """One order lives through whatever hypothesis thinks of."""

    met: ClassVar[set[str]] = set()

    @initialize()
    def open(self) -> None:
        self.desk = Desk(CITY)
        alternatives = (("pothole", 0.9), ("water-leak", 0.05))
        self.desk.feed(report("1", T0, guess=guess("pothole", alternatives=alternatives), reporter="reporter-1"), at=T0)
        self.model = NaiveOrder()
        self.hour = 0

    @rule(hours=WAITS, pick=st.integers(0, 9), wild=st.integers(0, 60), to=TARGETS, reason=REASONS)
    def step(self, hours: int, pick: int, wild: int, to: str, reason: str) -> None:
        """Some time passes and somebody tries something, mostly what fits the state."""
        if self.model.state == "archived":
            return
        self.hour += hours
        self.wait(T0 + self.hour * HOUR)
        if self.model.state == "archived":
            return
        fitting = FITTING[self.model.state]
        action = ACTIONS[wild] if wild < len(ACTIONS) else fitting[pick % len(fitting)]
        if action == "force-close" and not self.model.lead:
            action = "decide"  # nobody had it: reopened it would go to review, which the model does not know
        wrong = wild == 59 and action != "comment"  # which an operator may as well
        role = "operator" if wrong else ROLES.get(action, "department")
        if action == "decide" and not to:
            to = "police"
        department = "nobody" if wild == 60 else self.model.lead
        now = T0 + self.hour * HOUR

        self.model.today = day_number(local_day(now, CITY.zone))
        category = {"decide": "pothole", "re-categorise": SUITABLE.get(to, "")}.get(action, "")
        expected = self.model.act(action, role, department, to, reason)
        sent = len(self.desk.sent)
        got = self.desk.update(
            action, Actor(role, department if role == "department" else "", f"{role}-1"), now,
            code=CODES.get(action, ""), reason=reason, until=now + 30 * HOUR,
            evidence_urls=("e",) if action == "handle" else (), department=to,
            category=category, level=2,
        )  # fmt: skip

        assert got == expected
        if not got:
            self.compare(sent, self.model.done)
            self.met.add(action)

    def wait(self, now: int) -> None:
        """Time passes for both."""
        self.model.done = []
        self.model.pass_time(self.hour)
        sent = len(self.desk.sent)
        self.desk.tick(now)
        self.compare(sent, self.model.done)

    def compare(self, sent: int, expected: list[tuple[str, float]]) -> None:
        facts = [(name(fact), fact.at) for fact in decoded(self.desk.sent[sent:])]
        assert facts == [(name, T0 + round(at * HOUR)) for name, at in expected]

    @invariant()
    def rows_agree(self) -> None:
        """State, holder, attempt and limits are what the model says."""
        if not hasattr(self, "desk") or not self.desk.state.orders:
            return
        order, model = self.desk.only(), self.model
        assert (order.state, order.department, order.attempt) == (model.state, model.lead, model.attempt)
        if model.state not in ("closed", "suspended", "rejected"):
            assert {one.stage: one.due for one in order.limits if one.stage == "whole"} == {
                "whole": T0 + round(model.due["whole"] * HOUR)
            }

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            assert_laws(self.desk)


# Shrinking a failure of so many steps would outlast the test's time limit; the failing steps are printed as they are.
DeskAgainstModel.TestCase.settings = settings(
    max_examples=examples(25), stateful_step_count=35, phases=(Phase.explicit, Phase.reuse, Phase.generate)
)
TestDeskAgainstModel = DeskAgainstModel.TestCase
