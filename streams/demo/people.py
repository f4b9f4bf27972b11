"""The people of the demo city: what departments, reviewers and inspectors would do next, seeded and made up."""

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dispatcher.order import facts
from dispatcher.order.facts import Fact
from models.envelope import Event
from models.events import ASSIGNMENT, UPDATE

SOURCE = "demo/people"
_RETURN_SHARE = 0.04
_REWORK_SHARE = 0.06


@dataclass(frozen=True, slots=True)
class Reply:
    """An update that somebody will send `delay` seconds from now; `data` is its CloudEvent's data."""

    delay: float
    data: dict[str, Any]


class DemoPeople:
    """Asked about every record that the desk publishes; answers what its readers do about it."""

    def __init__(self, seed: int, pace: float = 1.0) -> None:
        """`pace` is the mean time in seconds that anybody takes for a step."""
        self._random = random.Random(seed)
        self._pace = pace
        self._guessed: dict[str, str] = {}
        self._handlers: dict[str, str] = {}
        self._numbers = itertools.count(1)

    def on_assignment(self, department: str, kind: str, data: dict[str, Any]) -> Iterator[Reply]:
        """The lead department accepts, or, rarely, says that this is not its job."""
        if kind != ASSIGNMENT or data["role"] != "lead":
            return
        by = {"role": "department", "department": department, "id": f"{department}/clerk"}
        common = {"order_id": data["order_id"], "attempt": data["attempt"], "by": by}
        if not data["binding"] and self._random.random() < _RETURN_SHARE:
            reason = "不属于本部门职责 (not this department's function)"
            yield self._reply(common | {"action": "return", "code": "not-my-function", "reason": reason})
            return
        yield self._reply(common | {"action": "accept"})

    def on_fact(self, fact: Fact) -> Iterator[Reply]:
        """Reviewers decide, dispatchers answer returns, departments handle what they accepted, inspectors check."""
        order = {"order_id": fact.order_id}
        match fact:
            case facts.Classified():
                guess = fact.guess
                best = fact.category or (guess.alternatives[0][0] if guess and guess.alternatives else "")
                self._guessed[fact.order_id] = best
            case facts.SentToReview():
                by = {"role": "reviewer", "id": "reviewer-1"}
                if category := self._guessed.get(fact.order_id):
                    yield self._reply(order | {"action": "decide", "by": by, "category": category})
                else:
                    said = {"action": "reject", "reason": "无法判断诉求内容 (nobody can tell what is meant)"}
                    yield self._reply(order | said | {"by": by})
            case facts.Returned():
                by = {"role": "dispatcher", "id": "dispatcher-1"}
                yield self._reply(
                    order | {"action": "refuse-return", "by": by, "reason": "职责清单载明 (it is listed)"}
                )
            case facts.Accepted():
                yield self._handle(order, fact)
            case facts.Handled():
                passed = self._random.random() >= _REWORK_SHARE
                by = {"role": "inspector", "id": "inspector-1"}
                yield self._reply(order | {"action": "check-pass" if passed else "check-fail", "by": by})
            case facts.Checked(passed=False):
                yield self._handle(order, fact, department=self._handlers.get(fact.order_id, ""))
            case _:
                return

    def _handle(self, order: dict[str, Any], fact: Fact, department: str = "") -> Reply:
        department = department or fact.actor.department
        self._handlers[fact.order_id] = department
        by = {"role": "department", "department": department, "id": f"{department}/crew"}
        photo = f"https://photos.example/{fact.order_id}.jpg"
        return self._reply(order | {"action": "handle", "by": by, "evidence_urls": [photo]})

    def _reply(self, data: dict[str, Any]) -> Reply:
        return Reply(self._random.uniform(0.3, 1.7) * self._pace, data)

    def event(self, reply: Reply, now_ms: int) -> Event:
        """The CloudEvent of a reply sent now."""
        number = next(self._numbers)
        return Event(f"{number}", SOURCE, UPDATE, json.dumps(reply.data).encode(), now_ms)
