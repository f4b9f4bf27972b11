"""What the newest orders say about the classifier: a sliding window of bounded size and the figures over it.

Only orders count that the model in force has classified, so a promotion starts the window anew.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence

import msgspec

from dispatcher.order import facts
from dispatcher.order.facts import Fact
from models.city import CitySettings
from models.classifier.learning.drift import psi, psi_limit, recent_calibration, unseen_vocabulary
from models.classifier.serving.artefact import Manifest
from models.guess import NO_FAULT

TYPES = frozenset(
    facts.CE_TYPES[kind]
    for kind in (
        facts.Opened,
        facts.Classified,
        facts.SentToReview,
        facts.Assigned,
        facts.Decided,
        facts.ReturnApproved,
        facts.TakenBack,
        facts.Recategorised,
        facts.Closed,
    )
)
MOST_ORDERS = 20_000
MOST_TEXTS = 500


class RecentOrder(msgspec.Struct, gc=False):
    """What is kept of one order. `known`: the share of its pieces that the model knows, None while not measured."""

    at: int
    model: str = ""
    guess: str = ""
    may_be_no_fault: bool = False
    probability: float = 0.0
    category: str = ""
    label: str = ""
    reviewed: bool = False
    assigned: bool = False
    returned: bool = False
    known: float | None = None


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
            self._orders[fact.order_id] = RecentOrder(at)
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
        mine = [seen for seen in self._orders.values() if seen.model == model]
        labelled = [seen for seen in mine if seen.label]
        found: dict[str, tuple[float, float]] = {}
        if mine:
            found["review_share"] = (sum(s.reviewed for s in mine) / len(mine), settings.drift_review_share)
        if assigned := sum(seen.assigned for seen in mine):
            found["return_share"] = (sum(seen.returned for seen in mine) / assigned, settings.drift_return_share)
        if manifest.mix and mine:
            mix = Counter(seen.label or seen.guess for seen in mine)
            found["class_mix"] = (psi(manifest.mix, mix), psi_limit(manifest.mix, mix, settings.drift_class_mix))
        if shares := [seen.known for seen in mine if seen.known is not None]:
            found["unseen_share"] = (unseen_vocabulary(shares), manifest.unseen + settings.drift_unseen_share)
        if len(labelled) >= settings.drift_orders_min:
            check = recent_calibration([s.probability for s in labelled], [s.guess == s.label for s in labelled])
            found["calibration_error"] = (check.error, check.limit)
        enough = len(mine) >= settings.drift_orders_min
        figures = {name: Figure(value, limit, enough and value > limit) for name, (value, limit) in found.items()}
        return Drift(model, len(mine), len(labelled), figures)

    def _is_of(self, name: str, model: str) -> bool:
        return name in self._orders and self._orders[name].model == model


def _note(order: RecentOrder, fact: Fact) -> None:
    match fact:
        case facts.Classified(guess=guess) if guess is not None:
            order.model, order.guess, order.probability = guess.model, guess.category, guess.probability
            order.may_be_no_fault = guess.may_be_no_fault
        case facts.SentToReview(reason=reason):
            # The blind share is drawn from what the model was sure of.
            order.reviewed = order.reviewed or (reason != "blind" and not order.assigned)
        case facts.Assigned():
            order.assigned, order.category = True, fact.category
        case facts.Decided():
            order.label = NO_FAULT if fact.rejected and order.may_be_no_fault else fact.category
        case facts.Recategorised():
            order.category = fact.category
        case facts.ReturnApproved() | facts.TakenBack():
            order.returned, order.label = True, ""
        case facts.Closed(forced=False):
            order.label = order.category
