"""The storm day judged: every order and figure is compared with what has happened."""

from collections import Counter
from dataclasses import dataclass, field

from dispatcher.order.row import Order
from models.times import MINUTE_MS
from tests.support.storm.sites import (
    DOUBTFUL,
    FILE_AT,
    HOLE,
    LAST_START,
    NEVER_SEEN,
    RAIN,
    SERVED,
    SILENT,
    SWITCH,
    Site,
    is_right,
)
from tests.support.storm.storm_city import CATEGORIES
from tests.support.storm.storm_district import ROUND_MS, District


@dataclass
class Compared:
    """What some detections came to: how many there were, the orders that had to be opened and those that were, how many
    of the doubtful ones that were filed are false alarms, and what differs from the truth."""

    detections: int = 0
    true: int = 0
    opened: int = 0
    filed: int = 0
    false: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Compared") -> None:
        """Both together."""
        self.detections += other.detections
        self.true += other.true
        self.opened += other.opened
        self.filed += other.filed
        self.false += other.false
        self.wrong += other.wrong


def compared(day: District) -> Compared:
    """What a district's day came to, when it is over, and what differs from the truth."""
    return _Judge(day).compared()


def judged(whole: Compared) -> list[str]:
    """What does not hold of a whole day."""
    wrong = list(whole.wrong)
    if abs(whole.opened - whole.true) > max(whole.true // 100, 1):
        wrong.append(f"{whole.opened:,} orders instead of {whole.true:,}")
    if whole.false > max((1 - FILE_AT) * whole.filed, 1):
        wrong.append(f"{whole.false:,} of {whole.filed:,} doubtful ones that were filed are false alarms")
    return wrong


class _Judge:
    """Compares what a district's day came to with what has happened there."""

    def __init__(self, day: District) -> None:
        self._day = day
        self._wrong = list(day.wrong)

    def compared(self) -> Compared:
        """What differs from the truth."""
        doubtful = {site.posts[0].id: site for site in self._day.sites if site.kind is DOUBTFUL}
        filed = [site for camera, site in doubtful.items() if self._day.orders[camera]]
        false = sum(not is_right(site) for site in filed)
        right = sum(map(is_right, doubtful.values()))
        faults = [site for site in self._day.sites if site.kind in (SWITCH, SILENT, NEVER_SEEN)]
        rains = sum(site.kind is RAIN for site in self._day.sites)
        sure = sum(truth["opens"] for code, truth in self._day.truth.items() if code != CATEGORIES[HOLE])
        self._equal("storms", self._day.storms, rains)
        self._equal("related", self._day.related, 2 * sum(site.kind.name == "border" for site in self._day.sites))
        self._compare_cameras(doubtful)
        self._compare_silences(faults)
        self._compare_answers()
        self._compare_memory()
        for code, truth in self._day.truth.items():
            self._compare_figures(code, truth, rains if code == CATEGORIES["waterlogging"] else 0, len(filed), false)
        opened = self._day.orders.total() + self._day.storms + len(self._day.silent)
        true = sure + right + len(faults) + rains
        return Compared(self._day.detections, true, opened, len(filed), false, self._wrong)

    def _compare_cameras(self, doubtful: dict[str, Site]) -> None:
        """Each incident is one order, founded by the camera that has seen it first."""
        expected: Counter[str] = Counter()
        for site in self._day.sites:
            if site.kind is not DOUBTFUL:
                for number, post in enumerate(site.posts):
                    said = site.says(number, site.start)
                    expected[post.id] += said is not None and said.fate == "opens"
        found = Counter({camera: count for camera, count in self._day.orders.items() if camera not in doubtful})
        self._equal("incidents without an order of their own", (expected - found).total(), 0)
        self._equal("orders without an incident of their own", (found - expected).total(), 0)

    def _compare_silences(self, faults: list[Site]) -> None:
        """Each site that falls silent is one order, which lists its cameras."""
        lists = list(self._day.silent.values())
        self._equal("orders for silent cameras", len(lists), len(faults))
        listed = [sum(all(post.id in text for post in site.posts) for text in lists) for site in faults]
        self._equal("silent sites that are not in one list", sum(count != 1 for count in listed), 0)

    def _compare_answers(self) -> None:
        """What cameras find is the check, or is kept for the inspector who makes it; the others are found silent."""
        checked: Counter[str] = Counter()
        for site in self._day.sites:
            if site.kind is SERVED:
                held = self._day.held.get(site.posts[0].id)  # a storm by chance may have taken it in
                came_to = "no order" if held is None else _found_by(self._day.state.orders[held[0]])
                checked[f"{site.answer}: {came_to}"] += 1
        expected: Counter[str] = Counter()
        for site in self._day.sites:
            if site.kind is SERVED:
                outcome = {"gone": "passed", "there": "failed"}.get(site.answer.removeprefix("answers-"), "silent")
                expected[f"{site.answer}: {outcome}"] += 1
        self._equal("looks", checked, expected)
        self._equal("silent looks", self._day.answered["silent"], expected["mute: silent"])

    def _compare_memory(self) -> None:
        """What the desk remembers of sightings grows with incidents, hardly with detections: these go on for three
        rounds more when the last incident has begun and was answered. Not where each is remembered for the whole day,
        as a played day asks for (`storm_killed.py`)."""
        if self._day.city.settings.identity_detections_minutes * MINUTE_MS > ROUND_MS:
            return
        before, *after = self._day.remembered[LAST_START + 2 :]
        if max(after) - before > max(before // 10, 10):
            self._wrong.append(f"what is remembered of sightings: {max(after)}, {before} before, though nothing is new")

    def _compare_figures(self, code: str, truth: Counter[str], storms: int, filed: int, false: int) -> None:
        """The figures of a category. Of doubtful ones it is known how many were filed, from the orders."""
        figures: Counter[str] = Counter()
        for key, row in self._day.state.figures.items():
            if key.startswith(f"category/{code}/"):
                figures.update(row.counters)
        seen = sum(truth[fate] for fate in ("opens", "joins", "expires", "doubtful"))
        opened, expired = truth["opens"] + storms, truth["expires"]
        if code == CATEGORIES[HOLE]:
            opened, expired = filed, truth["doubtful"] - false
        self._equal(f"{code}: detections", figures["detections"], seen)
        self._equal(f"{code}: duplicates", figures["duplicates"], truth["again"])
        self._equal(f"{code}: opened", figures["opened"], opened)
        self._equal(f"{code}: merged", figures["merged"], truth["joins"])
        self._equal(f"{code}: expired", figures["expired"], expired)

    def _equal(self, what: str, found: object, expected: object) -> None:
        if found != expected:
            self._wrong.append(f"{what}: {found} instead of {expected}")


def _found_by(order: Order) -> str:
    """What the camera that was asked to look again has found."""
    looked = [check for check in order.checks if check.by.role == "camera"]
    if looked:
        return "passed" if looked[0].passed else "failed"
    return "silent" if order.recheck is None else order.recheck.found or "silent"
