"""Routing: rule, then table, then a person, each with its reason."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.order.lifecycle import TABLE
from dispatcher.steps.routing import Route, Urgency, route
from models.city import City, RuleInput
from models.events.vocabulary import DECIDERS
from models.guess import Guess
from tests.conftest import REPOSITORY
from tests.support.cities import tiny_city
from tests.support.desks import T0, report

DAY = date(2026, 3, 2)

RULES = """
[[rules]]
id = "school-parking"
reason = "Parking at schools is for the traffic police."
when = { category = "illegal-parking", text_any = ["小学", "school"] }
then = { department = "police", priority = 2 }

[[rules]]
id = "petition"
reason = "Petitions are read by a person."
when = { text_any = ["信访"] }
then = { review = true }

[[rules]]
id = "advert"
reason = "Advertising is no report."
when = { text_all = ["优惠", "加微信"] }
then = { reject = true }

[[rules]]
id = "own-category"
reason = "The app's own choice is good for lamps."
when = { hint = "lamp|lamp-*" }
then = { category = "street-light", condition = "rebuild" }

[[rules]]
id = "questions"
reason = "The roads bureau answers questions."
when = { no_fault = ["question"] }
then = { department = "roads" }

[[rules]]
id = "tests"
reason = "A test message is no report."
when = { no_fault = ["test"] }
then = { reject = true }
"""


@pytest.fixture(scope="module")
def city() -> City:
    """The tiny city with six rules."""
    return tiny_city({"rules.toml": RULES})


def guess(category: str, outcome: str = "confident", group: str = "") -> Guess:
    """A guess of the classifier with an outcome."""
    return Guess(category, 0.9, "model-1", 0.8, outcome=outcome, reason="below threshold", group=group)  # type: ignore[arg-type]


def test_a_confident_guess_goes_to_the_lead_of_its_row(city: City) -> None:
    """The row's lead and assists, the model and the row's line are in the answer."""
    found = route(city, RuleInput(area="south-w", text="坑"), guess("pothole"), DAY)
    assert (found.department, found.assists, found.priority) == ("roads", ("police",), 3)
    assert (found.why.by, found.why.model, found.why.table_row) == ("table", "model-1", 2)


def test_the_smallest_area_decides(city: City) -> None:
    """The north district keeps its own street order."""
    assert route(city, RuleInput(area="north-e"), guess("street-vendor"), DAY).department == "north-office"
    assert route(city, RuleInput(area="south-e"), guess("street-vendor"), DAY).department == "police"


def test_a_row_counts_on_its_days_only(city: City) -> None:
    """The guardrails of one town change hands in the middle of the year."""
    seen = RuleInput(area="south-e")
    assert route(city, seen, guess("guardrail"), date(2026, 6, 30)).department == "police"
    assert route(city, seen, guess("guardrail"), date(2026, 7, 1)).department == "north-office"


def test_a_rule_goes_before_the_table_and_sees_the_guessed_category(city: City) -> None:
    """The first rule that matches gives its reason and its priority."""
    found = route(city, RuleInput(area="south-w", text="小学门口乱停车"), guess("illegal-parking"), DAY)
    assert (found.department, found.priority) == ("police", 2)
    assert (found.why.by, found.why.rule) == ("rule", "school-parking")


def test_a_rule_can_ask_for_a_person_or_reject(city: City) -> None:
    """Neither leaves a department behind."""
    asked = route(city, RuleInput(area="south-w", text="信访件：坑"), guess("pothole"), DAY)
    rejected = route(city, RuleInput(area="south-w", text="优惠！加微信"), guess("pothole"), DAY)
    assert (asked.department, asked.review) == ("", "petition")
    assert (rejected.department, rejected.reject) == ("", "advert")


def test_a_rule_that_names_only_a_category_leaves_the_department_to_the_table(city: City) -> None:
    """The reporter's own choice decides the category, the table the department."""
    found = route(city, RuleInput(area="south-w", hint="lamp-broken"), None, DAY)
    assert (found.category, found.condition, found.department) == ("street-light", "rebuild", "roads")
    assert (found.why.by, found.why.table_row) == ("rule", 2)


def test_doubt_goes_to_a_person_with_its_reason(city: City) -> None:
    """An abstention, no classification and an unknown category are three reasons."""
    seen = RuleInput(area="south-w")
    assert route(city, seen, guess("pothole", "abstain"), DAY).review == "below threshold"
    assert route(city, seen, None, DAY).review == "not-classified"
    assert route(city, seen, guess("dragons"), DAY).review == "unknown-category"


def test_what_is_no_fault_goes_where_the_rules_say_else_to_a_person(city: City) -> None:
    """Never to the department of what it names; when it is unsure, the doubt is the reason."""
    seen = RuleInput(area="south-w", text="路灯归谁管")

    def no_fault(kind: str, outcome: str = "confident") -> Route:
        said = Guess("none", 0.9, "model-1", 0.8, outcome=outcome, reason="below threshold", kind=kind)  # type: ignore[arg-type]
        return route(city, seen, said, DAY)

    praise, asked, tried, unsure = (
        no_fault("praise"),
        no_fault("question"),
        no_fault("test"),
        no_fault("test", "abstain"),
    )
    assert (praise.department, praise.category, praise.review) == ("", "", "no-fault")
    assert (asked.department, asked.category, asked.why.rule) == ("roads", "", "questions")
    assert (tried.department, tried.reject) == ("", "tests")
    assert (unsure.department, unsure.review, unsure.reject) == ("", "below threshold", "")


@pytest.mark.parametrize(("feared", "priority"), [("flooding", 1), ("pothole", 3), ("", 3)])
def test_what_may_be_life_and_limb_behind_words_of_no_fault_is_looked_at_first(
    city: City, feared: str, priority: int
) -> None:
    """A person decides, but not in the order in which thanks and questions come."""
    said = Guess("none", 0.99, "model-1", 0.8, "abstain", "it may be more", kind="thanks", second=feared)

    found = route(city, RuleInput(area="south-w"), said, DAY)

    assert (found.department, found.review, found.priority) == ("", "it may be more", priority)
    assert Urgency(city).of(report("r", T0, "谢谢，可是水还在漫上来", "", guess=said)) == (priority == 1)


def test_nobody_responsible_is_a_reason_not_silence() -> None:
    """A pack without a row for water sends water to a person."""
    city = tiny_city({"responsibility.csv": "category,area,lead,assists,valid_from,valid_to\nroad,*,roads,,,\n"})
    assert route(city, RuleInput(area="south-w"), guess("flooding"), DAY).review == "nobody-responsible"


def test_a_sure_group_is_enough_where_one_department_owns_it_all(city: City) -> None:
    """Roads own the whole group in one town; in another the guardrails belong to somebody else."""
    unsure = guess("pothole", "group", group="road")
    found = route(city, RuleInput(area="south-w"), unsure, DAY)
    assert (found.category, found.department) == ("road", "roads")
    assert route(city, RuleInput(area="south-e"), unsure, DAY).review == "below threshold"


@given(
    category=st.sampled_from(["", "pothole", "road", "dragons", "\x00"]),
    area=st.sampled_from(["", "south-w", "north", "unlocated", "nowhere"]),
    text=st.text(max_size=40),
    hint=st.text(max_size=10),
    guessed=st.none()
    | st.builds(
        guess,
        st.sampled_from(["pothole", "flooding", "", "dragons"]),
        st.sampled_from(["confident", "group", "abstain"]),
        st.sampled_from(["", "road", "dragons"]),
    ),
    hour=st.none() | st.integers(0, 23),
)
def test_routing_never_raises_and_always_answers(
    city: City, category: str, area: str, text: str, hint: str, guessed: Guess | None, hour: int | None
) -> None:
    """Whatever is known of an order: a department that exists, a reason to review, or a rule that rejects."""
    seen = RuleInput(category=category, area=area, text=text, hint=hint, hour=hour)
    found: Route = route(city, seen, guessed, DAY)
    assert bool(found.department) + bool(found.review) + bool(found.reject) == 1
    assert not found.department or found.department in city.departments


def test_whatever_decides_has_a_name() -> None:
    """Pages say it in both languages; of what a camera's label, a plan or the level above had decided they showed a
    name of the program's. A person who moves an order to another area decides as what they are."""
    code = "".join(file.read_text() for file in (REPOSITORY / "dispatcher").rglob("*.py"))
    named = re.findall(r'(?:\bby=|\b_target\([^"()]*|\bbecause\([^"()]*)"([a-z-]+)"', code)
    movers = {role for row in TABLE if row.action == "move-area" for role in row.roles}

    assert {*named, *movers} == DECIDERS.keys()
