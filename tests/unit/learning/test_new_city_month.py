"""The simulated first month of a new city: what is counted, on few reports and a small model."""

from bench.quality.new_city import Week, dispatched, month, own_codes, table
from bench.quality.second_set import Row
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.taxonomy import Leaf, Taxonomy
from tests.support.learning.classifiers import small_model, small_rows

ROWS = [Row(f"text {n}", "pothole" if n % 3 else "none", "", "zh", "plain", "") for n in range(30)]


def test_each_report_comes_in_one_week_under_the_citys_own_code() -> None:
    """Nothing is told twice or left out; what is no fault has the same name anywhere."""
    weeks = month(ROWS, 4)

    assert sorted(text for week in weeks for text in week.texts) == sorted(row.text for row in ROWS)
    assert {label for week in weeks for label in week.labels} == {"own-pothole", "none"}
    assert month(ROWS, 4) == weeks


def test_the_city_has_other_codes_and_half_of_the_words() -> None:
    """So its model learns by what words mean alone."""
    demo = Taxonomy({"pothole": Leaf("pothole", "road", ("坑洼", "Pothole"), ("a", "b", "c"), 2.0)})

    assert own_codes(demo).leaves == {"own-pothole": Leaf("own-pothole", "road", ("坑洼", "Pothole"), ("a", "c"), 2.0)}


def test_what_goes_out_by_itself_is_counted_with_what_is_right_of_it() -> None:
    """A report of no fault that goes out is wrong, and what waits for a person counts for nothing."""
    rows = small_rows()
    week = Labelled(rows.texts[::20], rows.labels[::20])
    sure = sum(guess.outcome == "confident" for guess in small_model().classify(week.texts))

    sent, right = dispatched(small_model(), week)
    wrong = dispatched(small_model(), Labelled(week.texts, ["none"] * len(week)))

    assert sent == sure
    assert 0.8 * sent <= right <= sent
    assert wrong == (sent, 0)


def test_the_table_has_a_row_for_each_week() -> None:
    """Of the first week there is no candidate yet."""
    shown = table([Week(100, 50, 48, 80, 80, False), Week(100, 60, 57, 80, 85, True)]).splitlines()

    assert shown[2:] == [
        "| 1 | 100 | 0.500 | 0.960 | 0.800 |  |  |",
        "| 2 | 100 | 0.600 | 0.950 | 0.800 | 0.850 | taken |",
    ]
