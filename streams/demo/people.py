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
from models.times import DAY_MS, to_text
from streams.demo.habits import LINGERING, PLAIN, Habits
from streams.demo.matters import Act, Matter

SOURCE = "demo/people"
# What is several departments' business at once: the rule that knows it, and the plan by which a dispatcher divides it.
_ONE_THING: Mapping[str, str] = {"open-a-restaurant": "restaurant"}
PRESSING = 2  # the last priority for which people get up at night
_HOUR_S = 3600.0

Subject = dict[str, Any]  # of an update: which order it is about


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody will send `delay` seconds from now: an update, or what a camera finds; `data` is its CloudEvent's
    data, `source` its source where that is not the people's own. `urgent`: about an order for which people get up at
    night; `exact`: then, whatever the hour is."""

    delay: float
    data: dict[str, Any]
    urgent: bool = False
    exact: bool = False
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
        self._returned_by: dict[str, list[str]] = {}
        self._matters: dict[str, Matter] = {}  # by order
        self._numbers = itertools.count(1)
        self.known_as: dict[tuple[str, str], str] = {}  # by source and id of a report: as whom its reporter acts
        self.matters: dict[tuple[str, str], Matter] = {}  # by source and id of a report: what people do about it alone

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
        by = _of_department(department)
        common = {"order_id": data["order_id"], "attempt": data["attempt"], "by": by}
        self._leads[data["order_id"]] = department
        if data["order_id"] in self._matters:
            return
        if data["priority"] <= PRESSING:
            self._urgent.add(data["order_id"])
        its_own = data["binding"] or data.get("why", {}).get("rule") in _ONE_THING
        seen = data.get("evidence") or [{}]
        if not its_own and seen[0].get("camera") and self._does(self._habits.false_alarms):
            reason = "现场未发现问题 (there is nothing there)"
            yield self._reply(common | {"action": "return", "code": "not-a-problem", "reason": reason})
            return
        before = self._returned_by.get(data["order_id"], ())
        returns = not its_own and self._random.random() < self._habits.returns
        if returns or (not its_own and before and self._does(self._habits.quarrels)):
            reason = "不属于本部门职责 (not this department's function)"
            said = {"action": "return", "code": "not-my-function", "reason": reason}
            if before or self._does(self._habits.returns_with_advice):
                said |= self._advice(data["order_id"], department)
            yield self._reply(common | said)
            return
        yield self._reply(common | {"action": "accept"})

    def on_fact(self, fact: Fact) -> Iterator[Reply]:
        """Reviewers decide, dispatchers answer requests, departments handle what they accepted, inspectors check,
        reporters say what they think of it."""
        if isinstance(fact, facts.Opened) and self._senders is not None and fact.evidence.source not in self._senders:
            self._others.add(fact.order_id)
        if isinstance(fact, facts.Opened) and (matter := self.matters.get((fact.evidence.source, fact.evidence.id))):
            self._matters[fact.order_id] = matter
        if isinstance(fact, facts.Returned):
            self._returned_by.setdefault(fact.order_id, []).append(fact.actor.department)
        if fact.order_id in self._others:
            return
        if (matter := self._matters.get(fact.order_id)) is not None:
            if (act := matter.acts.get(type(fact))) is not None:
                yield self._acted(act, fact)
            return
        if (react := _REACTIONS.get(type(fact))) is not None:
            yield from react(self, fact, {"order_id": fact.order_id})

    def _acted(self, act: Act, fact: Fact) -> Reply:
        """What a matter under way wants to be done about a fact."""
        department, said = self._leads.get(fact.order_id, ""), {**act.said}
        if isinstance(fact, facts.Assigned | facts.Forwarded):
            department = fact.department  # nobody has been told of it yet
        if said.pop("hands_down", False) and isinstance(fact, facts.Assigned):
            said["department"] = fact.assists[0]
        if said.pop("advises", False):
            said |= self._advice(fact.order_id, department)
        if isinstance(fact, facts.Returned) and fact.suggested_department:
            said["department"] = fact.suggested_department
        if act.action in ("handle", "return"):
            said["evidence_urls"] = [_photo(fact.order_id)]
        if act.until_days:
            said["until"] = to_text(fact.at + int((act.hours / 24 + act.until_days) * DAY_MS))
        by = _of_department(department) if act.role == "lead" else _somebody(act.role)
        data = {"order_id": fact.order_id, "action": act.action, "by": by} | said
        return Reply(act.hours * _HOUR_S, data, exact=True)

    def _opened(self, fact: facts.Opened, order: Subject) -> Iterator[Reply]:
        if known := self.known_as.get((fact.evidence.source, fact.evidence.id)):
            self._reporters[fact.order_id] = known
            if self._does(self._habits.reminds):
                yield self._of_reporter(order, known, "remind")

    def _classified(self, fact: facts.Classified, order: Subject) -> Iterator[Reply]:
        guess = fact.guess
        best = fact.category or (guess.alternatives[0][0] if guess and guess.alternatives else "")
        self._guessed[fact.order_id] = self._true[fact.order_id] = best
        others = [code for code, _ in guess.alternatives if code not in (best, NO_FAULT)] if guess else []
        if guess and best == guess.category and others and self._does(self._habits.disagrees * (1 - guess.probability)):
            self._true[fact.order_id] = others[0]
        return iter(())

    def _in_review(self, fact: facts.SentToReview, order: Subject) -> Iterator[Reply]:
        yield self._decision(order)

    def _decision(self, order: Subject) -> Reply:
        by = _somebody("reviewer")
        category = self._true.get(order["order_id"])
        if category == NO_FAULT:
            said = {"action": "decide", "code": "not-a-problem", "reason": "不属诉求 (it is no fault)"}
            return self._reply(order | said | {"by": by})
        if category:
            self._guessed[order["order_id"]] = category
            return self._reply(order | {"action": "decide", "by": by, "category": category})
        said = {"action": "reject", "reason": "无法判断诉求内容 (nobody can tell what is meant)"}
        return self._reply(order | said | {"by": by})

    def _returned(self, fact: facts.Returned, order: Subject) -> Iterator[Reply]:
        by = _somebody("dispatcher")
        if fact.code == "not-a-problem":
            said = {"action": "approve-return", "code": fact.code, "reason": "经核实属误报 (a false alarm)"}
            yield self._reply(order | said | {"by": by})
        elif other := fact.suggested_department:
            yield self._reply(order | {"action": "approve-return", "by": by, "department": other})
        else:
            yield self._reply(order | {"action": "refuse-return", "by": by, "reason": "职责清单载明 (it is listed)"})

    def _in_arbitration(self, fact: facts.SentToArbitration, order: Subject) -> Iterator[Reply]:
        by = _somebody("duty-officer")
        yield self._reply(order | {"action": "arbitrate", "by": by, "department": self._leads.get(fact.order_id, "")})

    def _assigned(self, fact: facts.Assigned, order: Subject) -> Iterator[Reply]:
        if (plan := _ONE_THING.get(fact.why.rule)) and fact.order_id not in self._joint:
            self._joint.add(fact.order_id)
            yield self._reply(order | {"action": "divide", "plan": plan, "by": _somebody("dispatcher")})

    def _accepted(self, fact: facts.Accepted, order: Subject) -> Iterator[Reply]:
        if fact.order_id in self._joint or self._does(self._habits.forgets):  # a joint order ends with its parts
            return
        true = self._true.get(fact.order_id, "")
        if true != self._guessed.get(fact.order_id, ""):
            self._guessed[fact.order_id] = true
            said = {"action": "re-categorise", "category": true, "reason": "现场查明 (as was seen on the spot)"}
            yield self._reply(order | said | {"by": _somebody("dispatcher", 2)})
        by, habits = _of_department(fact.actor.department), self._habits
        if self._does(habits.extensions):
            yield self._reply(
                order | {"action": "request-extension", "by": by, "reason": "等待配件 (waiting for a part)"}
            )
        if self._does(habits.tells):
            yield self._reply(order | {"action": "progress", "by": by, "reason": "已到现场勘查 (we have been there)"})
        if self._does(habits.suspensions):
            until = to_text(fact.at + self._random.randint(3, 9) * DAY_MS)
            said = {
                "action": "request-suspension",
                "until": until,
                "reason": "等待供电部门断电 (until the power is cut)",
            }
            yield self._reply(order | {"by": by} | said)
            return  # handled when its clock runs again
        yield self._handle(order, fact)

    def _extension(self, fact: facts.ExtensionRequested, order: Subject) -> Iterator[Reply]:
        action = "approve-extension" if self._does(self._habits.extensions_granted) else "refuse-extension"
        yield self._reply(order | {"action": action, "by": _somebody("dispatcher", 2)})

    def _suspension(self, fact: facts.SuspensionRequested, order: Subject) -> Iterator[Reply]:
        by = _somebody("dispatcher", 2)
        if self._does(self._habits.suspensions_granted):
            yield self._reply(order | {"action": "approve-suspension", "by": by})
        else:
            yield self._reply(
                order | {"action": "refuse-suspension", "by": by, "reason": "可先行处置 (it can begin before)"}
            )

    def _goes_on(self, fact: facts.Resumed | facts.SuspensionRefused, order: Subject) -> Iterator[Reply]:
        if department := self._leads.get(fact.order_id):
            yield self._handle(order, fact, department)

    def _late(self, fact: facts.Breached, order: Subject) -> Iterator[Reply]:
        if fact.stage == "handle" and self._does(self._habits.supervises):
            said = {"action": "supervise", "level": 2, "until": to_text(fact.at + DAY_MS)}
            reason = "超期未办,请今日办结 (overdue: to be done today)"
            yield self._reply(order | said | {"reason": reason, "by": _somebody("duty-officer")})

    def _reminded(self, fact: facts.Reminded, order: Subject) -> Iterator[Reply]:
        if self._does(self._habits.prioritises):
            said = {"action": "prioritise", "priority": 2, "reason": "群众催办 (its reporter waits)"}
            yield self._reply(order | said | {"by": _somebody("dispatcher")})

    def _linked(self, fact: facts.Linked, order: Subject) -> Iterator[Reply]:
        if fact.kind == "candidate" and self._does(self._habits.merges):
            said = {"action": "merge", "other_order_id": fact.other, "reason": "同一处同一事 (it is the same)"}
            yield self._reply(order | said | {"by": _somebody("operator")})

    def _to_be_called(self, fact: facts.CallBackDue | facts.CalledBack, order: Subject) -> Iterator[Reply]:
        if isinstance(fact, facts.CalledBack) and fact.satisfied is not None:
            return
        if not self._does(self._habits.calls):
            return
        said: dict[str, Any] = {"action": "call-back", "by": _somebody("dispatcher", 3)}
        if not self._does(self._habits.reached):
            said["code"] = "not-reached"
        elif self._does(self._habits.unhappy):
            said |= {"satisfied": False, "satisfaction": 2, "reason": "问题未解决 (it is not settled)"}
        else:
            said |= {"satisfied": True, "satisfaction": self._random.choice((4, 5))}
        yield self._reply(order | said)

    def _handled(self, fact: facts.Handled, order: Subject) -> Iterator[Reply]:
        if fact.order_id in self._joint:  # its parts were checked, each by itself
            return
        yield self._check(order)

    def _check(self, order: Subject) -> Reply:
        passed = self._random.random() >= self._habits.reworks
        by = _somebody("inspector")
        return self._reply(order | {"action": "check-pass" if passed else "check-fail", "by": by})

    def _check_given(self, fact: facts.CheckGiven, order: Subject) -> Iterator[Reply]:
        self._inspectors[fact.order_id] = fact.inspector
        return iter(())

    def _checked(self, fact: facts.Checked, order: Subject) -> Iterator[Reply]:
        self._forget(fact)
        if not fact.passed:
            yield self._handle(order, fact, department=self._handlers.get(fact.order_id, ""))

    def _sent_to_look(self, fact: facts.TaskGiven, order: Subject) -> Iterator[Reply]:
        self._looking.add(fact.order_id)
        if fact.what == "check":
            self._to_check.add(fact.order_id)
        yield self._reply(order | {"action": "accept-task", "by": {"role": "unit", "id": fact.unit}})

    def _on_its_way(self, fact: facts.TaskAccepted, order: Subject) -> Iterator[Reply]:
        yield self._reply(order | {"action": "arrive", "by": {"role": "unit", "id": fact.actor.id}})

    def _arrived(self, fact: facts.UnitArrived, order: Subject) -> Iterator[Reply]:
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

    def _has_looked(self, fact: facts.Verified, order: Subject) -> Iterator[Reply]:
        self._forget(fact)
        return iter(())

    def _left_to_a_person(
        self, fact: facts.TaskDeclined | facts.TaskLapsed | facts.RecheckAnswered, order: Subject
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

    def _asked_to_look_again(self, fact: facts.RecheckRequested, order: Subject) -> Iterator[Reply]:
        """The camera answers, mostly; the picture that it has taken is not sent."""
        if not self._does(self._habits.looks):
            return
        self._looking.add(fact.order_id)
        self._to_check.add(fact.order_id)
        result = "there" if self._does(self._habits.still_there) else "gone"
        said = self._reply(order | {"action": "look", "camera_id": fact.camera, "result": result})
        data = {name: value for name, value in said.data.items() if name != "action"}
        yield Reply(said.delay, data, kind=RECHECKED, source=fact.source)

    def _appealed(self, fact: facts.Appealed, order: Subject) -> Iterator[Reply]:
        for number in (2, 3):
            yield self._reply(order | {"action": "approve-appeal", "by": _somebody("reviewer", number)})

    def _closed(self, fact: facts.Closed, order: Subject) -> Iterator[Reply]:
        """Whoever reported it may say what they think of it; who was late may say why."""
        habits, department = self._habits, self._handlers.get(fact.order_id, "")
        if fact.late and department and self._does(habits.appeals):
            by = _of_department(department, "head")
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

    def _of_reporter(self, order: Subject, known: str, action: str, **said: Any) -> Reply:
        return self._reply(order | {"action": action, "by": {"role": "reporter", "id": known}} | said)

    def _advice(self, order_id: str, department: str) -> dict[str, str]:
        """Whom a department that returns an order names for it: the one that had it before, else any other that has
        had something to do so far; nobody where there is none."""
        before = [each for each in self._returned_by.get(order_id, ()) if each != department]
        other = before[-1] if before else self._random.choice(sorted({*self._leads.values()} - {department}) or [""])
        return {"suggested_department": other} if other else {}

    def _does(self, share: float) -> bool:
        return share > 0 and self._random.random() < share

    def _handle(self, order: Subject, fact: Fact, department: str = "") -> Reply:
        department = department or fact.actor.department
        self._handlers[fact.order_id] = department
        by = _of_department(department, "crew")
        return self._reply(order | {"action": "handle", "by": by, "evidence_urls": [_photo(fact.order_id)]})

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


def _somebody(role: str, number: int = 1) -> dict[str, str]:
    return {"role": role, "id": f"{role}-{number}"}


def _of_department(department: str, who: str = "clerk") -> dict[str, str]:
    return {"role": "department", "department": department, "id": f"{department}/{who}"}


def _photo(order_id: str) -> str:
    return f"https://photos.example/{order_id}.jpg"


# What the people do about a fact; all others they only read.
_REACTIONS: Mapping[type[Fact], Callable[[DemoPeople, Any, Subject], Iterator[Reply]]] = {
    facts.Opened: DemoPeople._opened,
    facts.Classified: DemoPeople._classified,
    facts.SentToReview: DemoPeople._in_review,
    facts.Returned: DemoPeople._returned,
    facts.SentToArbitration: DemoPeople._in_arbitration,
    facts.Assigned: DemoPeople._assigned,
    facts.Accepted: DemoPeople._accepted,
    facts.ExtensionRequested: DemoPeople._extension,
    facts.SuspensionRequested: DemoPeople._suspension,
    facts.SuspensionRefused: DemoPeople._goes_on,
    facts.Resumed: DemoPeople._goes_on,
    facts.Breached: DemoPeople._late,
    facts.Reminded: DemoPeople._reminded,
    facts.Linked: DemoPeople._linked,
    facts.CallBackDue: DemoPeople._to_be_called,
    facts.CalledBack: DemoPeople._to_be_called,
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
