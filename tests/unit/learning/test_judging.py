"""A model is replaced only by one that is no worse on the same orders, later than both models' training."""

import pytest

from dispatcher.order.final_label import Label
from models.classifier import Classifier
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.training import train
from models.times import from_text
from streams.learning.promotion import LEAST_ORDERS, judge, trained_until
from tests.support.cities import tiny_city
from tests.support.learning.classifiers import RECIPES, small_model, small_rows

ZONE = tiny_city().zone
LATER = from_text("2026-01-02T00:00:00Z")


@pytest.fixture(scope="module")
def poisoned() -> Classifier:
    """A model that learnt each category under its neighbour's name."""
    rows = small_rows()
    names = sorted(set(rows.labels))
    wrong = dict(zip(names, [*names[1:], names[0]], strict=True))
    return Classifier.from_bytes(
        train(Labelled(rows.texts, [wrong[x] for x in rows.labels]), RECIPES, day="2026-01-01")
    )


def labels(count: int, **own: object) -> list[Label]:
    """Labels of the texts that both models learnt from, opened after their training."""
    rows = small_rows()
    fields: dict[str, object] = {"decided_by": "review", "blind": False, "opened_at": LATER + 1, "labelled_at": LATER}
    made = []
    for n in range(count):
        text, label = rows.texts[n % len(rows)], rows.labels[n % len(rows)]
        made.append(Label(order_id=f"o{n}", text=text, label=label, department="d", **fields | own))  # type: ignore[arg-type]
    return made


def test_a_day_of_training_ends_with_the_day_and_an_instant_is_itself() -> None:
    """What opened on the day itself may have been learnt from."""
    assert trained_until(small_model().manifest) == LATER


def test_a_model_may_replace_its_equal() -> None:
    """No order tells them apart."""
    found = judge(small_model(), small_model(), labels(200), ZONE)
    assert found.reasons == ()
    assert (found.after, found.every.orders, found.blind.orders) == (LATER, 200, 0)


@pytest.mark.slow
def test_a_poisoned_model_is_refused(poisoned: Classifier) -> None:
    """On the whole and, with few blind orders, by those alone."""
    found = judge(small_model(), poisoned, [*labels(200), *labels(20, blind=True)], ZONE)
    assert found.reasons[0].startswith("the whole loses")
    assert found.reasons[-1].startswith("blind reviews: ")


def test_too_few_orders_are_no_ground_to_promote() -> None:
    """The sentence says how many there are."""
    found = judge(small_model(), small_model(), labels(LEAST_ORDERS - 1), ZONE)
    assert found.reasons == (
        f"only 99 labelled orders are later than both models' training; {LEAST_ORDERS} are needed",
    )


@pytest.mark.parametrize("unfit", [{"opened_at": LATER}, {"decided_by": "moved"}])
def test_orders_that_a_model_may_have_learnt_and_unsure_labels_do_not_count(unfit: dict[str, object]) -> None:
    """They would flatter one of the two."""
    assert judge(small_model(), small_model(), labels(200, **unfit), ZONE).every.orders == 0
