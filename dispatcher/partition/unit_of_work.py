"""One item or timer at work: it reads the partition through the overlay's layers and leaves facts there."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

from dispatcher.figures import booking
from dispatcher.order import facts
from dispatcher.order.folds.apply import SILENT, TIMERS, apply
from dispatcher.order.row import OPEN, Order, State
from dispatcher.partition import identity
from dispatcher.partition.decision import Outgoing
from dispatcher.partition.kept_orders import encode_row
from dispatcher.partition.overlay import Overlay
from dispatcher.partition.telling import messages, notices
from models.city import City
from models.events import Evidence
from models.inbox import Actor, InboxUpdate, Sighting
from models.times import day_number, local_day

Met = Literal["first", "repeated", "other"]

DESK = Actor(role="desk")
_ASSIGNING = (facts.Assigned, facts.Forwarded, facts.ReturnRefused)
_CHECKING = (facts.Checked, facts.Confirmed)
# Nobody has done anything with the order, or it is no affair of a platform above, or that of another one there.
_NO_STEP = (*SILENT, *TIMERS, facts.JudgementRequested, facts.JudgementGiven, facts.WithdrawnAbove)


class UnitOfWork:
    """What the rules read and write while one item is decided, or one timer fires. They read orders as they are now
    (`order`, `standing`), and `emit` facts about orders, `refuse` updates, `book` what belongs to no order. The changes
    lie in the overlay's layer of the item, the messages in `sent`: nothing counts before the desk keeps the item.
    `usurped`: the item has the name of another one, and goes to the dead letters.

    `clock` is when the item counts as come in, `latest` the latest such instant so far: that of an urgent record may
    lie behind the stream's, ms UTC both. `cause` is the source and id of the update that is decided, None of all else.

    A fact is built by name from its head, which the unit of work gives, and its own fields:
    `work.emit(facts.Accepted(**work.head(order, at, actor, "accepted"), late=True))`."""

    def __init__(
        self, overlay: Overlay, city: City, memory: identity.Memory, clock: int, replayed: bool, latest: int
    ) -> None:
        self.overlay = overlay
        self.city = city
        self.memory = memory
        self.clock = clock
        self.replayed = replayed
        self.latest = latest
        self.cause: tuple[str, str] | None = None
        self.sent: list[Outgoing] = []
        self.booked: list[tuple[booking.Rows, str]] = []
        self.usurped = False

    def day(self, at: int) -> date:
        """The city-local day of an instant."""
        return local_day(at, self.city.zone)

    def day_number(self, at: int) -> int:
        """The city-local day of an instant as yyyymmdd."""
        return day_number(self.day(at))

    def day_seen(self, one: Sighting | Evidence) -> int:
        """The city-local day of a sighting as yyyymmdd: of one that a parent incident has covered, that on which it was
        seen, and not that on which it came up."""
        return self.day_number(one.at if one.seen_at is None else one.seen_at)

    def order(self, order_id: str) -> Order | None:
        """The order's row as it is now; None when there is none, or no longer."""
        return self.overlay.orders.get(order_id)

    def standing(self, order_id: str) -> Order | None:
        """The order, or the one it was merged into; None when that is gone."""
        order = self.order(order_id)
        while order is not None and order.state == "merged":
            order = self.order(order.parent)
        return order

    def changed(self) -> list[tuple[Order, Order]]:
        """The orders that the item has changed, each as it was before and as it is now; none of those it has opened."""
        orders = self.overlay.orders
        pairs = ((orders.before(key), after) for key, after in orders.item.items())
        return [(before, after) for before, after in pairs if before is not None and after is not None]

    def bounded(self, order: Order | None, at: int) -> int:
        """When a step counts as taken: its own time, but not later than the clock, nor before the order's previous
        step, which may have come by the urgent lane and lie behind the clock."""
        return after_previous(order, min(at, self.clock))

    def head(self, order: Order | str, at: int, actor: Actor, state: State | None = None) -> facts.Head:
        """The head of an order's next fact, or of the first one of the order with that id.

        `at` is `bounded`. Without `state` the state stays as it is; that of a new order is review.
        """
        if isinstance(order, str):
            return self._head(order, 1, state or "review", min(at, self.clock), actor, "")
        under = self._decided_under(order)
        return self._head(order.id, order.seq + 1, state or order.state, self.bounded(order, at), actor, under)

    def timer_head(self, order: Order, at: int) -> facts.Head:
        """The head of the fact that a timer leaves: `at` is moved behind the order's previous step and no further."""
        at = after_previous(order, at)
        return self._head(order.id, order.seq + 1, order.state, at, DESK, self._decided_under(order))

    def _decided_under(self, order: Order | None) -> str:
        """The digest of the pack in force, empty where the order itself names it."""
        return "" if order is not None and order.pack == self.city.digest else self.city.digest

    def _head(self, order_id: str, seq: int, state: State, at: int, actor: Actor, under: str) -> facts.Head:
        return {
            "order_id": order_id,
            "seq": seq,
            "state": state,
            "at": at,
            "recorded_at": max(self.clock, at),
            "actor": actor,
            "cause": self.cause,
            "decided_under": under,
        }

    def emit(self, fact: facts.Fact) -> Order:
        """Record a fact and return its order's new row. Whoever is to hear of it is told: the department, those above
        and below, reporters, a camera or a mobile unit; and those that hold the order no longer.

        Raises ValueError when the fact is not the next one of its order; so is the first one of an id that is taken.
        """
        before = self.order(fact.order_id)
        after = apply(before, fact)
        self.overlay.orders.put(after.id, after)
        self.sent.append(_public(fact))
        if isinstance(fact, _ASSIGNING):
            self.sent.extend(messages.assignment(after, fact))
        elif isinstance(fact, _CHECKING) and not fact.passed:
            again = messages.assignment if self.city.is_hub(after.department) else messages.rework
            self.sent.extend(again(after, fact))
        elif isinstance(fact, facts.RecheckRequested):
            self.sent.append(messages.recheck(after, fact))
        if (after.held_for or (before is not None and before.held_for)) and not isinstance(fact, SILENT):
            self.sent.extend(messages.steps_below(before, after, fact))
        if after.from_above or after.children:
            self._tell_above(before, after, fact)
        if isinstance(fact, facts.TaskGiven):
            self.sent.append(messages.task(after, fact))
        if not self.replayed:  # nobody wants to be told of what was over long ago
            self._tell(before, after, fact)
        if before is not None:
            self._withdraw(before, after, fact)
            self._call_off(before, after, fact)
        return after

    def _tell(self, before: Order | None, after: Order, fact: facts.Fact) -> None:
        """Notices for reporters, departments, supervisors and citizens."""
        if isinstance(fact, facts.EvidenceAdded):
            self.sent.extend(notices.subscribed(after, fact))
        elif type(fact) in notices.AUDIENCES:
            others = tuple(who for child in self.children(after) for who in child.reporters) if after.children else ()
            self.sent.extend(notices.notices(before, after, fact, others))

    def _tell_above(self, before: Order | None, after: Order, fact: facts.Fact) -> None:
        """Tell the platforms above whose orders this one is, or has taken in, but none what it has asked for itself.
        For one that was merged the order speaks with which it goes on."""
        if before is not None and before.state == after.state == "merged":
            return
        known = () if before is None else self._waiting_above(before)
        source, name = fact.cause or ("", "")
        for report in self._waiting_above(after):
            joined = report not in known
            own = report[0] == source and name.startswith(f"{report[1]}/")
            if not own and (joined or not isinstance(fact, _NO_STEP)):
                self.sent.append(messages.upward_step(after, fact, report, None if joined else before))

    def _waiting_above(self, order: Order) -> tuple[tuple[str, str], ...]:
        """The reports from above that wait for this order, also those of orders that were merged into it."""
        return (*order.from_above, *(each for child in self.children(order) for each in child.from_above))

    def _withdraw(self, before: Order, after: Order, fact: facts.Fact) -> None:
        """Tell the departments that hold nothing of the order any more."""
        if before.state not in OPEN or not before.department or not before.assignments:
            return
        held, holding = before.assignments[-1], set()
        called_off = after.state in ("rejected", "merged") or (after.state == "closed" and before.state != "handled")
        if after.department and not called_off:
            holding = {after.department, *after.assignments[-1].assists}
            holding.update(one for turn in after.held_for for one in (turn.department, *turn.assists))
        for department in dict.fromkeys(one for x in (held, *before.held_for) for one in (x.department, *x.assists)):
            if department not in holding:
                to_hub = self.city.is_hub(department)
                self.sent.append(messages.withdrawal(after, fact, department, before.attempt, to_hub))

    def _call_off(self, before: Order, after: Order, fact: facts.Fact) -> None:
        """Tell a mobile unit that it need not look any more, unless it has said so itself."""
        if before.task is None or (fact.actor.role == "unit" and fact.actor.id == before.task.unit):
            return
        if after.task is None or after.task.unit != before.task.unit:
            self.sent.append(messages.task_withdrawal(after, fact, before.task.unit))

    def children(self, order: Order) -> Iterator[Order]:
        """All orders that were merged into this one, directly or through another."""
        for child in order.children:
            if row := self.order(child):
                yield row
                yield from self.children(row)

    def refuse(
        self,
        update: InboxUpdate,
        order: Order | None,
        at: int,
        code: str,
        sentence: str,
        allowed: tuple[str, ...],
        choices: tuple[str, ...],
    ) -> None:
        """Record that an update was refused: nothing changes. `allowed` and `choices` say what would be taken.

        A department that sent it by its own topic reads of it on its own, too: it need not see the log of all facts. So
        does a mobile unit for which it came by the topic of the units.
        """
        order_id = order.id if order is not None else update.order_id
        fact = facts.UpdateRefused(
            order_id=order_id or update.area,
            order_seq=order.seq if order is not None else 0,
            at=at,
            recorded_at=self.clock,
            actor=update.sender or update.by,
            named=update.by if update.sender not in (None, update.by) else None,
            action=update.action,
            reason=code,
            sentence=sentence,
            source=update.source,
            id=update.id,
            state=order.state if order is not None else "",
            attempt=order.attempt if order is not None else 0,
            allowed=allowed,
            choices=choices,
            decided_under=self._decided_under(order),
        )
        self.sent.append(_public(fact))
        if update.sender is not None and update.sender.department in self.city.departments:
            self.sent.append(messages.refusal(fact, f"assignments/{update.sender.department}"))
        elif update.sender is not None and update.sender.role == "unit" and update.by.id in self.city.units.by_id:
            self.sent.append(messages.refusal(fact, f"tasks/{update.by.id}"))

    def book(self, figure: str, at: int, area: str, category: str = "") -> None:
        """Book something that belongs to no order."""
        self.booked.append((booking.direct_rows(at, area, category, self.city.zone), figure))

    def archive(self, order: Order) -> None:
        """Forget an order: its last row goes to the archive, and its id is remembered for a while."""
        self.sent.append(Outgoing("archive", order.id, encode_row(order)))
        overlay = self.overlay
        overlay.orders.put(order.id, None)
        if overlay.tallies.get(order.id) is not None:
            overlay.tallies.put(order.id, None)
        self.meet("archived", order.id, "")

    def meet(self, kind: str, source: str, event_id: str, content: int = 0) -> Met:
        """Whether the identity of an item (or an archived order) was met before, within the window that its `kind` is
        remembered for. `first`: it was not, and is remembered from here on. `repeated`: it was. `other`: it was, by
        something that says something else; `content` is the digest of what it says, 0 where that is not compared. Of
        detections only some have one: such a one is `repeated` where the first had none."""
        digest = identity.digest(source, event_id)
        buckets = self.memory.buckets(kind, self.clock, self.latest)
        if self.overlay.is_seen(buckets, digest):
            if not content or self.overlay.is_seen(buckets, identity.with_content(digest, content)):
                return "repeated"
            known = kind != "detection" or self.overlay.is_seen(buckets, identity.with_content(digest, 0))
            return "other" if known else "repeated"
        bucket = self.memory.bucket(kind, self.clock)
        self.overlay.see(*bucket, digest)
        if content:
            self.overlay.see(*bucket, identity.with_content(digest, content))
            if kind == "detection":
                self.overlay.see(*bucket, identity.with_content(digest, 0))
        return "first"

    def was_archived(self, order_id: str) -> bool:
        """Whether an order was archived within the last year."""
        buckets = self.memory.buckets("archived", self.clock, self.latest)
        return self.overlay.is_seen(buckets, identity.digest(order_id, ""))


def after_previous(order: Order | None, at: int) -> int:
    """An instant, or that of the order's previous step where that lies later."""
    return at if order is None else max(at, order.last_at)


def _public(fact: facts.Fact | facts.UpdateRefused) -> Outgoing:
    _, headers, value = facts.to_wire(fact)
    return Outgoing("orders", fact.order_id, value, headers)
