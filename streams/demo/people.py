"""The people of the demo city: what departments, reviewers, inspectors and reporters would do next, seeded, made up."""

import itertools
import json
import random
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dispatcher.order import facts
from dispatcher.order.facts import Fact
from dispatcher.partition.decision import Decision
from models.envelope import Event, event_type
from models.events import ASSIGNMENT, RECHECKED, UPDATE
from models.guess import NO_FAULT
from streams.demo.habits import LINGERING, PLAIN, Habits

SOURCE = "demo/people"
# What is several departments' business at once: the rule that knows it, and the plan by which a dispatcher divides it.
_ONE_THING: Mapping[str, str] = {"open-a-restaurant": "restaurant"}
_URGENT = 2  # priority, and what is more urgent

Order = dict[str, Any]  # of an update: which order it is about


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody will send `delay` seconds from now: an update, or what a camera finds; `data` is its CloudEvent's
    data, `source` its source where that is not the people's own. `urgent`: about an order for which people get up at
    night."""

    delay: float
    data: dict[str, Any]
    urgent: bool = False
    kind: str = UPDATE
    source: str = ""


class DemoPeople:
    """Asked about every record that the desk publishes; answers what its readers do about it."""

    def __init__(
        self,
        seed: int,
        pace: float = 1.0,
        habits: Habits = PLAIN,
        paces: Mapping[str, float] | None = None,
        source: str = SOURCE,
        senders: Collection[str] | None = None,
    ) -> None:
        """`pace` is the mean time in seconds that anybody takes for a step; `paces` that of single actions. What others
        than these `senders` have begun they leave alone; None: they work on everything."""
        self._senders = senders
        self._others: set[str] = set()  # orders that somebody else has begun
        self._random = random.Random(seed)
        self._pace, self._paces, self._habits, self._source = pace, paces or {}, habits, source
        self._guessed: dict[str, str] = {}
        self._true: dict[str, str] = {}
        self._handlers: dict[str, str] = {}
        self._leads: dict[str, str] = {}
        self._joint: set[str] = set()
        self._inspectors: dict[str, str] = {}
        self._urgent: set[str] = set()
        self._looking: set[str] = set()  # orders that a unit or a camera has been asked to look at
        self._to_check: set[str] = set()  # of those: whether it has been dealt with
        self._reporters: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self.known_as: dict[tuple[str, str], str] = {}  # by source and id of a report: as whom its reporter acts

    def on_decision(self, decision: Decision) -> Iterator[Reply]:
        """What the people do about all that a desk has just decided, where it decides in this process."""
        for out in decision.records:
            kind = event_type(out.headers)
            topic, _, department = out.topic.partition("/")
            if topic == "assignments":
                yield from self.on_assignment(department, kind, json.loads(out.value))
            elif topic == "orders" and isinstance(fact := facts.from_wire(kind, out.value), Fact):
                yield from self.on_fact(fact)

    def on_assignment(self, department: str, kind: str, data: dict[str, Any]) -> Iterator[Reply]:
        """The lead department accepts, or, rarely, says that this is not its job."""
        if kind != ASSIGNMENT or data["role"] != "lead":
            return
        if self._senders is not None and data["evidence"][0]["source"] not in self._senders:
            return
        by = {"role": "department", "department": department, "id": f"{department}/clerk"}
        common = {"order_id": data["order_id"], "attempt": data["attempt"], "by": by}
        self._leads[data["order_id"]] = department
        if data["priority"] <= _URGENT:
            self._urgent.add(data["order_id"])
        its_own = data["binding"] or data.get("why", {}).get("rule") in _ONE_THING
        seen = data.get("evidence") or [{}]
        if not its_own and seen[0].get("camera") and self._does(self._habits.false_alarms):
            reason = "现场未发现问题 (there is nothing there)"
            yield self._reply(common | {"action": "return", "code": "not-a-problem", "reason": reason})
            return
        if not its_own and self._random.random() < self._habits.returns:
            reason = "不属于本部门职责 (not this department's function)"
            said = {"action": "return", "code": "not-my-function", "reason": reason}
            if self._does(self._habits.returns_with_advice) and (other := self._another(department)):
                said["suggested_department"] = other
            yield self._reply(common | said)
            return
        yield self._reply(common | {"action": "accept"})

    def on_fact(self, fact: Fact) -> Iterator[Reply]:
        """Reviewers decide, dispatchers answer requests, departments handle what they accepted, inspectors check,
        reporters say what they think of it."""
        if isinstance(fact, facts.Opened) and self._senders is not None and fact.evidence.source not in self._senders:
            self._others.add(fact.order_id)
        if fact.order_id in self._others:
            return
        if (react := _REACTIONS.get(type(fact))) is not None:
            yield from react(self, fact, {"order_id": fact.order_id})

    def _opened(self, fact: facts.Opened, order: Order) -> Iterator[Reply]:
        if known := self.known_as.get((fact.evidence.source, fact.evidence.id)):
            self._reporters[fact.order_id] = known
            if self._does(self._habits.reminds):
                yield self._of_reporter(order, known, "remind")

    def _classified(self, fact: facts.Classified, order: Order) -> Iterator[Reply]:
        guess = fact.guess
        best = fact.category or (guess.alternatives[0][0] if guess and guess.alternatives else "")
        self._guessed[fact.order_id] = self._true[fact.order_id] = best
        others = [code for code, _ in guess.alternatives if code not in (best, NO_FAULT)] if guess else []
        if guess and best == guess.category and others and self._does(self._habits.disagrees * (1 - guess.probability)):
            self._true[fact.order_id] = others[0]
        return iter(())

    def _in_review(self, fact: facts.SentToReview, order: Order) -> Iterator[Reply]:
        yield self._decision(order)

    def _decision(self, order: Order) -> Reply:
        by = {"role": "reviewer", "id": "reviewer-1"}
        category = self._true.get(order["order_id"])
        if category == NO_FAULT:
            said = {"action": "decide", "code": "not-a-problem", "reason": "不属诉求 (it is no fault)"}
            return self._reply(order | said | {"by": by})
        if category:
            self._guessed[order["order_id"]] = category
            return self._reply(order | {"action": "decide", "by": by, "category": category})
        said = {"action": "reject", "reason": "无法判断诉求内容 (nobody can tell what is meant)"}
        return self._reply(order | said | {"by": by})

    def _returned(self, fact: facts.Returned, order: Order) -> Iterator[Reply]:
        by = {"role": "dispatcher", "id": "dispatcher-1"}
        if fact.code == "not-a-problem":
            said = {"action": "approve-return", "code": fact.code, "reason": "经核实属误报 (a false alarm)"}
            yield self._reply(order | said | {"by": by})
        elif other := fact.suggested_department:
            yield self._reply(order | {"action": "approve-return", "by": by, "department": other})
        else:
            yield self._reply(order | {"action": "refuse-return", "by": by, "reason": "职责清单载明 (it is listed)"})

    def _in_arbitration(self, fact: facts.SentToArbitration, order: Order) -> Iterator[Reply]:
        by = {"role": "duty-officer", "id": "duty-officer-1"}
        yield self._reply(order | {"action": "arbitrate", "by": by, "department": self._leads.get(fact.order_id, "")})

    def _assigned(self, fact: facts.Assigned, order: Order) -> Iterator[Reply]:
        if (plan := _ONE_THING.get(fact.why.rule)) and fact.order_id not in self._joint:
            self._joint.add(fact.order_id)
            yield self._reply(
                order | {"action": "divide", "plan": plan, "by": {"role": "dispatcher", "id": "dispatcher-1"}}
            )

    def _accepted(self, fact: facts.Accepted, order: Order) -> Iterator[Reply]:
        if fact.order_id in self._joint or self._does(self._habits.forgets):  # a joint order ends with its parts
            return
        true = self._true.get(fact.order_id, "")
        if true != self._guessed.get(fact.order_id, ""):
            self._guessed[fact.order_id] = true
            said = {"action": "re-categorise", "category": true, "reason": "现场查明 (as was seen on the spot)"}
            yield self._reply(order | said | {"by": {"role": "dispatcher", "id": "dispatcher-2"}})
        if self._does(self._habits.extensions):
            department = fact.actor.department
            by = {"role": "department", "department": department, "id": f"{department}/clerk"}
            yield self._reply(
                order | {"action": "request-extension", "by": by, "reason": "等待配件 (waiting for a part)"}
            )
        yield self._handle(order, fact)

    def _extension(self, fact: facts.ExtensionRequested, order: Order) -> Iterator[Reply]:
        action = "approve-extension" if self._does(self._habits.extensions_granted) else "refuse-extension"
        yield self._reply(order | {"action": action, "by": {"role": "dispatcher", "id": "dispatcher-2"}})

    def _handled(self, fact: facts.Handled, order: Order) -> Iterator[Reply]:
        if fact.order_id in self._joint:  # its parts were checked, each by itself
            return
        yield self._check(order)

    def _check(self, order: Order) -> Reply:
        passed = self._random.random() >= self._habits.reworks
        by = {"role": "inspector", "id": "inspector-1"}
        return self._reply(order | {"action": "check-pass" if passed else "check-fail", "by": by})

    def _check_given(self, fact: facts.CheckGiven, order: Order) -> Iterator[Reply]:
        self._inspectors[fact.order_id] = fact.inspector
        return iter(())

    def _checked(self, fact: facts.Checked, order: Order) -> Iterator[Reply]:
        self._forget(fact)
        if not fact.passed:
            yield self._handle(order, fact, department=self._handlers.get(fact.order_id, ""))

    def _sent_to_look(self, fact: facts.TaskGiven, order: Order) -> Iterator[Reply]:
        self._looking.add(fact.order_id)
        if fact.what == "check":
            self._to_check.add(fact.order_id)
        yield self._reply(order | {"action": "accept-task", "by": {"role": "unit", "id": fact.unit}})

    def _on_its_way(self, fact: facts.TaskAccepted, order: Order) -> Iterator[Reply]:
        yield self._reply(order | {"action": "arrive", "by": {"role": "unit", "id": fact.actor.id}})

    def _arrived(self, fact: facts.UnitArrived, order: Order) -> Iterator[Reply]:
        said: dict[str, Any] = {"by": {"role": "unit", "id": fact.actor.id}}
        checks = fact.order_id in self._to_check
        if self._does(self._habits.reworks if checks else self._habits.in_vain):
            said |= {
                "action": "check-fail" if checks else "verify-fail",
                "reason": "现场与描述不符 (it is not as told)",
            }
        else:
            photo = f"https://photos.example/{fact.order_id}-unit.jpg"
            said |= {"action": "check-pass" if checks else "verify-pass", "evidence_urls": [photo]}
        yield self._reply(order | said)

    def _has_looked(self, fact: facts.Verified, order: Order) -> Iterator[Reply]:
        self._forget(fact)
        return iter(())

    def _left_to_a_person(
        self, fact: facts.TaskDeclined | facts.TaskLapsed | facts.RecheckAnswered, order: Order
    ) -> Iterator[Reply]:
        """Whoever was asked to look has not, or was asked besides: the inspector goes, or the reviewer decides."""
        if fact.order_id not in self._looking:
            return
        checks = fact.order_id in self._to_check
        self._forget(fact)
        yield self._check(order) if checks else self._decision(order)

    def _forget(self, fact: Fact) -> None:
        self._looking.discard(fact.order_id)
        self._to_check.discard(fact.order_id)

    def _asked_to_look_again(self, fact: facts.RecheckRequested, order: Order) -> Iterator[Reply]:
        """The camera answers, mostly; the picture that it has taken is not sent."""
        if not self._does(self._habits.looks):
            return
        self._looking.add(fact.order_id)
        self._to_check.add(fact.order_id)
        result = "there" if self._does(self._habits.still_there) else "gone"
        said = self._reply(order | {"action": "look", "camera_id": fact.camera, "result": result})
        data = {name: value for name, value in said.data.items() if name != "action"}
        yield Reply(said.delay, data, kind=RECHECKED, source=fact.source)

    def _appealed(self, fact: facts.Appealed, order: Order) -> Iterator[Reply]:
        for reviewer in ("reviewer-2", "reviewer-3"):
            yield self._reply(order | {"action": "approve-appeal", "by": {"role": "reviewer", "id": reviewer}})

    def _closed(self, fact: facts.Closed, order: Order) -> Iterator[Reply]:
        """Whoever reported it may say what they think of it; who was late may say why."""
        habits, department = self._habits, self._handlers.get(fact.order_id, "")
        if fact.late and department and self._does(habits.appeals):
            by = {"role": "department", "department": department, "id": f"{department}/head"}
            yield self._reply(order | {"action": "appeal", "by": by, "reason": "台风停工 (work stopped for the storm)"})
        known = self._reporters.get(fact.order_id)
        if not known or not self._does(habits.answers):
            return
        if not self._does(habits.unhappy):
            yield self._of_reporter(
                order, known, "feedback", satisfied=True, satisfaction=self._random.choice((4, 5, 5))
            )
            return
        yield self._of_reporter(order, known, "feedback", satisfied=False, satisfaction=self._random.choice((1, 2)))
        if self._does(habits.reopens):
            yield self._of_reporter(order, known, "reopen", reason="问题又出现了 (it is there again)")

    def _of_reporter(self, order: Order, known: str, action: str, **said: Any) -> Reply:
        return self._reply(order | {"action": action, "by": {"role": "reporter", "id": known}} | said)

    def _another(self, department: str) -> str:
        """A department that has had something to do so far, other than this one; empty where there is none."""
        return self._random.choice(sorted({*self._leads.values()} - {department}) or [""])

    def _does(self, share: float) -> bool:
        return share > 0 and self._random.random() < share

    def _handle(self, order: Order, fact: Fact, department: str = "") -> Reply:
        department = department or fact.actor.department
        self._handlers[fact.order_id] = department
        by = {"role": "department", "department": department, "id": f"{department}/crew"}
        photo = f"https://photos.example/{fact.order_id}.jpg"
        return self._reply(order | {"action": "handle", "by": by, "evidence_urls": [photo]})

    def _reply(self, data: dict[str, Any]) -> Reply:
        delay = self._random.uniform(0.3, 1.7) * self._paces.get(data["action"], self._pace)
        urgent = data["order_id"] in self._urgent
        lingers = not urgent and self._does(self._habits.lingers)
        return Reply(delay * (LINGERING if lingers else 1.0), data, urgent)

    def is_moot(self, reply: Reply) -> bool:
        """Whether somebody leaves it to a unit or a camera that has been asked to look meanwhile."""
        by = reply.data.get("by", {}).get("role")
        return by in ("inspector", "reviewer") and reply.data["order_id"] in self._looking

    def event(self, reply: Reply, now_ms: int) -> Event:
        """The CloudEvent of a reply sent now. A check is made by whom it was given to meanwhile."""
        number, data = next(self._numbers), reply.data
        by = data.get("by", {})
        if by.get("role") == "inspector" and (given := self._inspectors.get(data["order_id"])):
            data = data | {"by": by | {"id": given}}
        name = f"look-{number}" if reply.source else f"{number}"
        return Event(name, reply.source or self._source, reply.kind, json.dumps(data).encode(), now_ms)


# What the people do about a fact; all others they only read.
_REACTIONS: Mapping[type[Fact], Callable[[DemoPeople, Any, Order], Iterator[Reply]]] = {
    facts.Opened: DemoPeople._opened,
    facts.Classified: DemoPeople._classified,
    facts.SentToReview: DemoPeople._in_review,
    facts.Returned: DemoPeople._returned,
    facts.SentToArbitration: DemoPeople._in_arbitration,
    facts.Assigned: DemoPeople._assigned,
    facts.Accepted: DemoPeople._accepted,
    facts.ExtensionRequested: DemoPeople._extension,
    facts.Handled: DemoPeople._handled,
    facts.CheckGiven: DemoPeople._check_given,
    facts.Checked: DemoPeople._checked,
    facts.Closed: DemoPeople._closed,
    facts.Appealed: DemoPeople._appealed,
    facts.TaskGiven: DemoPeople._sent_to_look,
    facts.TaskAccepted: DemoPeople._on_its_way,
    facts.UnitArrived: DemoPeople._arrived,
    facts.TaskDeclined: DemoPeople._left_to_a_person,
    facts.TaskLapsed: DemoPeople._left_to_a_person,
    facts.RecheckAnswered: DemoPeople._left_to_a_person,
    facts.Verified: DemoPeople._has_looked,
    facts.RecheckRequested: DemoPeople._asked_to_look_again,
}
