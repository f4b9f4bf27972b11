"""What an order's final label is, when it has none, and what a CSV of labels holds."""

import csv
import io

import pytest
from msgspec.structs import replace

from dispatcher.order.final_label import Label, final_label
from dispatcher.order.row import Order
from models.guess import NO_FAULT, Guess
from models.inbox import Actor
from models.times import to_text
from streams.learning.labels import COLUMNS, as_rows, between, newest, without_rare, without_unknown, write_csv
from tests.support.cities import tiny_city
from tests.support.desks import DISPATCHER, INSPECTOR, OPERATOR, REVIEWER, T0, Desk, guess, report

ZONE = tiny_city().zone


def department(name: str) -> Actor:
    """A clerk of a department."""
    return Actor("department", name, "clerk")


def finish(desk: Desk, lead: str, at: int, *, accepted: bool = False) -> None:
    """The lead department handles the order and an inspector is content."""
    assert accepted or desk.update("accept", department(lead), at) == ""
    assert desk.update("handle", department(lead), at + 1, evidence_urls=("https://x.example/1",)) == ""
    assert desk.update("check-pass", INSPECTOR, at + 2) == ""


def label_of(desk: Desk) -> Label | None:
    """The label of the only order."""
    return final_label(desk.only())


def given_back(desk: Desk, category: str, to: str) -> None:
    """The roads bureau returns the order and a dispatcher sends it on."""
    assert desk.update("return", department("roads"), T0 + 10, code="not-my-function", reason="not ours") == ""
    assert label_of(desk) is None
    assert desk.update("approve-return", DISPATCHER, T0 + 20, department=to, category=category) == ""


def test_a_guess_is_no_label_until_a_department_has_handled_the_order() -> None:
    """Before the closing there is none; after it, it is what was handled, with the guess beside it."""
    desk = Desk()
    desk.feed(report("r1", T0, title="路上", hint="road"), at=T0)
    assert label_of(desk) is None
    finish(desk, "roads", T0 + 1000)
    label = label_of(desk)
    assert label is not None
    assert (label.label, label.department, label.decided_by) == ("pothole", "roads", "handled")
    assert (label.guess, label.probability, label.model, label.blind) == ("pothole", 0.99, "model-1", False)
    assert (label.opened_at, label.labelled_at) == (T0, T0 + 1002)
    assert (label.text, label.area, label.hint) == ("路上有个大坑", "south-w", "road")


def test_a_title_that_the_text_lacks_is_part_of_what_was_classified() -> None:
    """The label's text is the one that the classifier was given."""
    desk = Desk()
    desk.feed(report("r1", T0, title="求助"), at=T0)
    finish(desk, "roads", T0)
    label = label_of(desk)
    assert label is not None
    assert label.text == "求助\n路上有个大坑"


def test_a_reviewers_decision_is_a_label_at_once() -> None:
    """It holds while the order is under way."""
    desk = Desk()
    desk.feed(report("r1", T0, category=""), at=T0)
    assert desk.update("decide", REVIEWER, T0 + 5, category="water-leak") == ""
    label = label_of(desk)
    assert label is not None
    assert (label.label, label.department, label.decided_by) == ("water-leak", "works", "review")
    assert label.labelled_at == T0 + 5


def test_a_blind_review_is_told_apart() -> None:
    """The reviewer had not seen the guess, which is kept all the same."""
    desk = Desk(tiny_city(settings="blind_review_share = 1.0"))
    desk.feed(report("r1", T0), at=T0)
    assert desk.update("decide", REVIEWER, T0 + 5, category="street-light") == ""
    label = label_of(desk)
    assert label is not None
    assert (label.label, label.guess, label.decided_by, label.blind) == (
        "street-light",
        "pothole",
        "blind-review",
        True,
    )


def test_what_was_returned_is_what_it_was_handled_as_elsewhere() -> None:
    """The second department's category is the label."""
    desk = Desk()
    desk.feed(report("r1", T0), at=T0)
    given_back(desk, "water-leak", "works")
    finish(desk, "works", T0 + 100)
    label = label_of(desk)
    assert label is not None
    assert (label.label, label.department, label.decided_by, label.sure) == (
        "water-leak",
        "works",
        "return-approved",
        True,
    )


@pytest.mark.parametrize("category", ["street-light", ""])
def test_what_a_reviewer_said_is_no_label_once_the_department_has_given_the_order_back_rightly(category: str) -> None:
    """From the approved return to the end there is none, whether another category was said or the order only moved;
    then it is what it was handled as."""
    desk = Desk()
    desk.feed(report("r1", T0, category=""), at=T0)
    assert desk.update("decide", REVIEWER, T0 + 5, category="pothole") == ""
    said = label_of(desk)
    assert said is not None
    assert (said.label, said.decided_by) == ("pothole", "review")

    given_back(desk, category, "works")
    assert label_of(desk) is None
    assert desk.update("accept", department("works"), T0 + 100) == ""
    assert label_of(desk) is None

    finish(desk, "works", T0 + 200, accepted=True)
    label = label_of(desk)
    assert label is not None
    assert (label.label, label.sure) == (category or "pothole", bool(category))
    assert len(as_rows([label], ZONE)) == bool(category)


def test_a_reviewer_who_decides_again_after_a_return_is_believed() -> None:
    """The second decision came later than what undid the first one."""
    desk = Desk()
    desk.feed(report("r1", T0, category=""), at=T0)
    assert desk.update("decide", REVIEWER, T0 + 5, category="pothole") == ""
    assert desk.update("return", department("roads"), T0 + 10, code="not-my-function", reason="not ours") == ""
    assert desk.update("approve-return", DISPATCHER, T0 + 20) == ""
    assert desk.only().state == "review"
    assert label_of(desk) is None

    assert desk.update("decide", REVIEWER, T0 + 40, category="water-leak") == ""

    label = label_of(desk)
    assert label is not None
    assert (label.label, label.decided_by, label.labelled_at) == ("water-leak", "review", T0 + 40)


def test_an_order_that_was_only_moved_teaches_nothing() -> None:
    """Nobody said that the category under which it was returned is right."""
    desk = Desk()
    desk.feed(report("r1", T0), at=T0)
    given_back(desk, "", "works")
    finish(desk, "works", T0 + 100)
    label = label_of(desk)
    assert label is not None
    assert (label.label, label.department, label.decided_by, label.sure) == ("pothole", "works", "moved", False)
    assert len(as_rows([label], ZONE)) == 0


@pytest.mark.parametrize("end", ["force-close", "reject"])
def test_an_order_that_nobody_handled_has_none(end: str) -> None:
    """Closed by force or rejected: the guess stays a guess."""
    desk = Desk()
    desk.feed(report("r1", T0), at=T0)
    assert desk.update(end, OPERATOR, T0 + 5, reason="nothing to do") == ""
    assert label_of(desk) is None


@pytest.mark.parametrize(("second", "label"), [("none", "none"), ("street-light", None)])
def test_what_a_reviewer_rejects_is_no_fault_where_the_classifier_could_think_so(
    second: str, label: str | None
) -> None:
    """Its words teach what is no fault; those of a fault that was not there teach nothing."""
    desk = Desk()
    said = guess("pothole", 0.5, outcome="abstain", alternatives=(("pothole", 0.5), (second, 0.3)))
    desk.feed(report("r1", T0, guess=said), at=T0)

    assert desk.update("decide", REVIEWER, T0 + 5, code="not-a-problem", reason="only praise") == ""

    found = label_of(desk)
    assert (found.label if found else None) == label
    assert found is None or (found.decided_by, found.sure) == ("review", True)


def test_an_order_dispatched_on_its_group_alone_has_none() -> None:
    """The department handled it, but which category of the group it was nobody has said."""
    unsure = Guess("pothole", 0.5, "model-1", 0.9, outcome="group", group="road", group_probability=0.99)
    desk = Desk()
    desk.feed(report("r1", T0, guess=unsure), at=T0)
    assert desk.only().category == "road"
    finish(desk, "roads", T0 + 1)
    assert label_of(desk) is None


def test_an_order_without_words_has_none() -> None:
    """There is nothing to learn from it."""
    silent = Order(id="a-1", seq=1, state="closed", area="a", opened_at=0, recorded_at=0, last_at=0, label="pothole")
    assert final_label(silent) is None
    assert final_label(replace(silent, text="a hole")) is not None


def made_up(number: int, category: str, settled: int = 0, **own: object) -> Label:
    """A label made up."""
    fields: dict[str, object] = {"decided_by": "review", "blind": False, "opened_at": T0, "labelled_at": settled} | own
    return Label(order_id=f"o{number}", text=f"text {number}", label=category, department="roads", **fields)  # type: ignore[arg-type]


def test_the_csv_has_every_field_and_reads_back() -> None:
    """One row a label; instants in UTC, the hour in the city's zone, nothing for what is not known."""
    file = io.StringIO()
    write_csv([made_up(1, "pothole", T0, guess="x", probability=0.5), made_up(2, 'a,"b"\nc', T0)], ZONE, file)
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert tuple(rows[0]) == COLUMNS
    assert (rows[0]["opened_at"], rows[0]["hour"], rows[0]["probability"]) == (to_text(T0), "9", "0.5")
    assert (rows[1]["label"], rows[1]["probability"]) == ('a,"b"\nc', "")


def test_no_spreadsheet_takes_what_a_citizen_wrote_for_a_formula() -> None:
    """The apostrophe makes it a text."""
    file = io.StringIO()
    write_csv([replace(made_up(1, "pothole"), text="=HYPERLINK(1)")], ZONE, file)

    [row] = csv.DictReader(io.StringIO(file.getvalue()))
    assert row["text"] == "'=HYPERLINK(1)"


def test_labels_are_chosen_by_the_time_at_which_they_were_settled() -> None:
    """The first bound is in, the second is out."""
    some = [made_up(n, "pothole", n) for n in range(5)]
    assert [one.labelled_at for one in between(some, 1, 3)] == [1, 2]
    assert len(between(some, None, None)) == 5
    assert newest(some) == 4


def test_categories_with_too_few_texts_are_left_out_and_named() -> None:
    """They would make the training fail as a whole."""
    rows = as_rows([made_up(1, "a"), made_up(2, "a"), made_up(3, "b")], ZONE, ())
    kept, rare = without_rare(rows, 2)
    assert (kept.labels, rare, kept.contexts) == (["a", "a"], {"b": 1}, None)


def test_labels_of_categories_that_the_city_does_not_have_are_left_out_and_counted() -> None:
    """A model that had learnt them would guess what nobody is responsible for. That it is no fault every city knows."""
    some = [made_up(1, "a"), made_up(2, "gone"), made_up(3, "gone"), made_up(4, NO_FAULT)]

    kept, gone = without_unknown(some, {"a", "b"})

    assert ([one.label for one in kept], gone) == (["a", NO_FAULT], {"gone": 2})


def test_only_the_context_asked_for_is_taken_along() -> None:
    """All of it to judge by, a part or nothing to learn from."""
    one = made_up(1, "a", area="south-w", hint="road", camera_label="hole")
    whole, part = as_rows([one], ZONE).contexts, as_rows([one], ZONE, ["hint"]).contexts
    assert whole is not None
    assert part is not None
    assert whole[0] is not None
    assert (whole[0].area, whole[0].hour, whole[0].label) == ("south-w", 9, "hole")
    assert part[0] is not None
    assert (part[0].area, part[0].hour, part[0].hint) == ("", None, "road")
