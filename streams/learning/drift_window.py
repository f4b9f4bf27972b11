"""What the newest orders say about the classifier: a sliding window of bounded size and the figures over it.

Only orders count that the model in force has classified, so a promotion starts the window anew.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence

import msgspec

from dispatcher.order import facts
from dispatcher.order.facts import Fact
from dispatcher.order.final_label import standing_label
from dispatcher.order.row import State
from models.city import CitySettings
from models.classifier.learning.drift import psi, psi_limit, recent_calibration, unseen_vocabulary
from models.classifier.serving.artefact import Manifest
from models.guess import NO_FAULT, Guess

TYPES = frozenset(
    facts.CE_TYPES[kind]
    for kind in (
        facts.Opened,
        facts.Classified,
        facts.SentToReview,
        facts.Assigned,
        facts.Decided,
        facts.Returned,
        facts.ReturnApproved,
        facts.ReturnRefused,
        facts.TakenBack,
        facts.SentToArbitration,
        facts.Recategorised,
        facts.Closed,
        facts.Reopened,
        facts.Rejected,
        facts.Merged,
        facts.Unmerged,
    )
)
MOST_ORDERS = 20_000
MOST_TEXTS = 500


class RecentOrder(msgspec.Struct, gc=False):
    """What is kept of one order. `label` is what it was last decided or handled as, `by_reviewer` whether a reviewer
    said so; `misrouted` are the categories under which a department gave it back; `known` is the share of its pieces
    that the model knows, None while not measured."""

    at: int
    state: State
    guess: Guess | None = None
    category: str = ""
    label: str = ""
    by_reviewer: bool = False
    misrouted: tuple[str, ...] = ()
    reviewed: bool = False
    assigned: bool = False
    returned: bool = False
    known: float | None = None

    @property
    def settled(self) -> str:
        """Its final label as it stands now, by the rule of the labels; empty while it has none."""
        return standing_label(self.state, self.label, self.by_reviewer, self.guess)


class Figure(msgspec.Struct, frozen=True):
    """One figure with the limit above which it is an alarm."""

    value: float
    limit: float
    alarm: bool


class Drift(msgspec.Struct, frozen=True):
    """The figures by name, over so many orders (`labelled`: of them with a final label) of one model."""

    model: str
    orders: int
    labelled: int
    figures: Mapping[str, Figure]

    @property
    def alarms(self) -> tuple[str, ...]:
        """The names of the figures above their limits."""
        return tuple(name for name, figure in self.figures.items() if figure.alarm)


class RecentOrders:
    """The newest orders, at most `most` of them."""

    def __init__(self, most: int = MOST_ORDERS) -> None:
        self._most = most
        self._orders: OrderedDict[str, RecentOrder] = OrderedDict()
        self._texts: OrderedDict[str, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._orders)

    def add(self, fact: Fact, at: int) -> None:
        """Add what a fact says that was written at `at` (ms UTC). Facts of orders outside the window are ignored."""
        if isinstance(fact, facts.Opened):
            self._orders[fact.order_id] = RecentOrder(at, fact.state)
            self._texts[fact.order_id] = fact.evidence.text
            while len(self._orders) > self._most:
                self._orders.popitem(last=False)
            while len(self._texts) > MOST_TEXTS:
                self._texts.popitem(last=False)
            return
        order = self._orders.get(fact.order_id)
        if order is not None:
            _note(order, fact)

    def forget(self, before: int) -> None:
        """Drop the orders that were opened before an instant."""
        while self._orders and next(iter(self._orders.values())).at < before:
            self._orders.popitem(last=False)

    def unmeasured(self, model: str) -> Mapping[str, str]:
        """The newest texts that this model has classified and of which `known` is not known yet, by order; each is
        given once. Whoever asks tells the answer with `measure`."""
        texts, self._texts = self._texts, OrderedDict()
        return {name: text for name, text in texts.items() if text and self._is_of(name, model)}

    def measure(self, names: Sequence[str], known: Sequence[float]) -> None:
        """The share of known pieces in the texts of these orders."""
        for name, share in zip(names, known, strict=True):
            if name in self._orders:
                self._orders[name].known = share

    def drift(self, model: str, manifest: Manifest, settings: CitySettings) -> Drift:
        """The figures of the orders that this model has classified. What has nothing to stand on is left out."""
        classified = [(seen, seen.guess) for seen in self._orders.values() if seen.guess is not None]
        guessed = [(seen, guess, seen.settled) for seen, guess in classified if guess.model == model]
        mine = [seen for seen, _, _ in guessed]
        judged = [(guess, label) for _, guess, label in guessed if label]
        found: dict[str, tuple[float, float]] = {}
        if mine:
            found["review_share"] = (sum(s.reviewed for s in mine) / len(mine), settings.drift_review_share)
        if assigned := sum(seen.assigned for seen in mine):
            found["return_share"] = (sum(seen.returned for seen in mine) / assigned, settings.drift_return_share)
        if manifest.mix and mine:
            mix = Counter(label or guess.category for _, guess, label in guessed)
            found["class_mix"] = (psi(manifest.mix, mix), psi_limit(manifest.mix, mix, settings.drift_class_mix))
        if shares := [seen.known for seen in mine if seen.known is not None]:
            found["unseen_share"] = (unseen_vocabulary(shares), manifest.unseen + settings.drift_unseen_share)
        if len(judged) >= settings.drift_orders_min:
            right = [guess.category == label for guess, label in judged]
            check = recent_calibration([guess.probability for guess, _ in judged], right)
            found["calibration_error"] = (check.error, check.limit)
        enough = len(mine) >= settings.drift_orders_min
        figures = {name: Figure(value, limit, enough and value > limit) for name, (value, limit) in found.items()}
        return Drift(model, len(mine), len(judged), figures)

    def _is_of(self, name: str, model: str) -> bool:
        order = self._orders.get(name)
        return order is not None and order.guess is not None and order.guess.model == model


def _note(order: RecentOrder, fact: Fact) -> None:
    order.state = fact.state
    match fact:
        case facts.Classified(guess=guess) if guess is not None:
            order.guess = _lean(guess)
        case facts.SentToReview(reason=reason):
            # The blind share is drawn from what the model was sure of.
            order.reviewed = order.reviewed or (reason != "blind" and not order.assigned)
        case facts.Assigned():
            order.assigned, order.category = True, fact.category
        case facts.Decided():
            order.label, order.by_reviewer = fact.category, True
        case facts.Recategorised():
            order.category = fact.category
        case facts.ReturnApproved() | facts.TakenBack():
            order.returned, order.label, order.by_reviewer = True, "", False
            order.misrouted = (*order.misrouted, order.category)
        case facts.Closed(forced=False) if order.label != order.category:
            # Merely moved to another department: nobody said that its category is right.
            order.label, order.by_reviewer = "" if order.category in order.misrouted else order.category, False


def _lean(guess: Guess) -> Guess:
    """The guess without what no figure asks for: thousands are kept."""
    none = tuple(pair for pair in guess.alternatives if pair[0] == NO_FAULT)
    return msgspec.structs.replace(guess, alternatives=none, terms=(), beside=(), reason="")
