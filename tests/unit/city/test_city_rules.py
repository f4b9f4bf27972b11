"""Rules: when they match, what they decide, and what may not stand in rules.toml."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.city import CityError, Rule, RuleInput
from tests.support.cities import tiny_city


def rule(when: str, then: str = "{ review = true }", **more: str) -> Rule:
    """The only rule of a tiny city."""
    text = f'[[rules]]\nid = "one"\nreason = "why"\nwhen = {when}\nthen = {then}\n'
    (only,) = tiny_city({"rules.toml": text}).rules
    return only


@pytest.mark.slow
@pytest.mark.parametrize(
    ("when", "seen", "matches"),
    [
        ('{ category = "pothole" }', RuleInput(category="pothole"), True),
        ('{ category = "pothole|flooding" }', RuleInput(category="flooding"), True),
        ('{ category = ["pothole", "flooding"] }', RuleInput(category="flooding"), True),
        ('{ category = "illegal*" }', RuleInput(category="illegal-parking"), True),
        ('{ category = "pothole" }', RuleInput(category="flooding"), False),
        ('{ category = "pothole" }', RuleInput(), False),
        ('{ group = "road" }', RuleInput(category="pothole", group="road"), True),
        ('{ hint = "Public Works/*" }', RuleInput(hint="public works/Pothole"), True),
        ('{ hint = "Public Works/*" }', RuleInput(hint="Parks/Bench"), False),
        ('{ area = "north" }', RuleInput(area="north-w"), True),
        ('{ area = "tiny" }', RuleInput(area="south-w"), True),
        ('{ area = "north" }', RuleInput(area="south-w"), False),
        ('{ area = "north" }', RuleInput(area="unlocated"), False),
        ('{ text_any = ["waist", "齐腰"] }', RuleInput(text="water up to the WAIST"), True),
        ('{ text_any = ["waist", "齐腰"] }', RuleInput(text="水深齐腰了"), True),
        ('{ text_all = ["夜", "噪"] }', RuleInput(text="夜里噪声"), True),
        ('{ text_all = ["夜", "噪"] }', RuleInput(text="夜里"), False),
        ('{ text_any = ["a"], text_all = ["b"] }', RuleInput(text="ab"), True),
        ('{ text_any = ["a"], text_all = ["b"] }', RuleInput(text="b"), False),
        ('{ source = "app://*" }', RuleInput(source="app://citizen"), True),
        ('{ channel = "12345" }', RuleInput(channel="12345"), True),
        ('{ label = "smoke|烟火" }', RuleInput(label="烟火"), True),
        ('{ hours = "22-6" }', RuleInput(hour=23), True),
        ('{ hours = "22-6" }', RuleInput(hour=5), True),
        ('{ hours = "22-6" }', RuleInput(hour=6), False),
        ('{ hours = "8-24" }', RuleInput(hour=23), True),
        ('{ hours = "8-24" }', RuleInput(hour=7), False),
        ('{ hours = "8-24" }', RuleInput(), False),
        ('{ category = "pothole", hours = "8-9" }', RuleInput(category="pothole", hour=9), False),
        ("{}", RuleInput(), True),
    ],
)
def test_all_conditions_must_hold(when: str, seen: RuleInput, matches: bool) -> None:
    """Of the alternatives in one field one, of the fields all."""
    assert rule(when).matches(seen) is matches


_TEXTS = st.text(max_size=40)
_CODES = st.sampled_from(["", "pothole", "road", "flooding", "tiny", "south-w", "north-w"])


@given(
    st.builds(
        RuleInput,
        category=_TEXTS,
        group=_TEXTS,
        hint=_TEXTS,
        area=_TEXTS,
        text=_TEXTS,
        source=_TEXTS,
        channel=_TEXTS,
        label=_TEXTS,
        hour=st.none() | st.integers(),
    )
)
def test_matching_never_raises(seen: RuleInput) -> None:
    """Whatever people write, a rule answers yes or no."""
    assert all(rule.matches(seen) in (True, False) for rule in RULES)


RULES = tiny_city(
    {
        "rules.toml": """
[[rules]]
id = "a"
reason = "x"
when = { category = "*", hint = "a|b*", text_any = ["i"], hours = "1-2" }
then = { priority = 1 }
[[rules]]
id = "b"
reason = "x"
when = { text_all = ["ß", "İ"], source = "*", area = "tiny" }
then = { condition = "rebuild" }
[[rules]]
id = "c"
reason = "x"
when = { category = "pot*", area = "south" }
then = { priority = 2 }
[[rules]]
id = "d"
reason = "x"
when = { group = "road" }
then = { priority = 3 }
"""
    }
).rules


@given(st.builds(RuleInput, category=_CODES, group=_CODES, area=_CODES, hint=_TEXTS, text=_TEXTS, source=_TEXTS))
def test_the_first_rule_is_the_first_that_matches(seen: RuleInput) -> None:
    """What is known of a category in an area leaves no rule out that would match, and changes no order."""
    assert RULES.first(seen) == next((rule for rule in RULES if rule.matches(seen)), None)


def test_the_first_matching_rule_decides() -> None:
    """The order of the file is the order of the rules."""
    city = tiny_city()

    first = city.first_rule(RuleInput(category="flooding", text="水已齐腰，办证贷款"))

    assert first is not None
    assert first.id == "deep-water-first"
    assert (first.outcome.department, first.outcome.assists) == ("works", ("police", "roads"))
    assert first.outcome.priority == 1
    assert city.first_rule(RuleInput(category="pothole", text="坑")) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("when", "then", "problem"),
    [
        ('{ category = "pot" }', "{ review = true }", "when.category: 'pot' is not a category"),
        ('{ category = "pot*x" }', "{ review = true }", "when.category: 'pot*x' is not a category"),
        ('{ group = "pothole" }', "{ review = true }", "when.group: 'pothole' is not a group"),
        ('{ area = "moon" }', "{ review = true }", "when.area: 'moon' is not an area"),
        (
            '{ no_fault = "joke" }',
            "{ reject = true }",
            "when.no_fault: 'joke' is not a kind of no fault; these",
        ),
        ('{ category = "" }', "{ reject = true }", "when.category: is empty"),
        ('{ text_any = [" "] }', "{ reject = true }", "when.text_any: is empty"),
        ('{ text_all = ["坑", "<br>"] }', "{ reject = true }", "when.text_all: is empty"),
        ('{ hours = "22:00" }', "{ review = true }", "when.hours: '22:00' is not a range of hours"),
        ('{ hours = "7-7" }', "{ review = true }", "when.hours: '7-7' is not a range of hours between 0 and 24"),
        ('{ colour = "red" }', "{ review = true }", "when.colour: is not known here"),
        ("{ category = 3 }", "{ review = true }", "when.category: '3' is not a category"),
        ("{ category = [3] }", "{ review = true }", "when.category: 3 is not a text"),
        ("{}", "{}", "then: a rule that decides nothing has no use"),
        ("{}", '{ department = "nobody" }', "then.department: 'nobody' is not a department"),
        ("{}", '{ assists = ["nobody"] }', "then.assists: 'nobody' is not a department"),
        ("{}", '{ category = "pot" }', "then.category: 'pot' is not a category"),
        ("{}", '{ category = "road" }', "then.category: road is a group; name one of its categories"),
        ("{}", '{ condition = "moonlight" }', "then.condition: 'moonlight' is not a condition of limits.csv"),
        ("{}", "{ priority = 9 }", "then.priority: 9: must be at most 5"),
        ("{}", "{ reject = true, review = true }", "then: reject goes neither with review nor with a department"),
    ],
)
def test_a_rule_that_could_not_work_is_named(when: str, then: str, problem: str) -> None:
    """A rule that refers to nothing or decides nothing is a mistake."""
    with pytest.raises(CityError) as caught:
        rule(when, then)

    (found,) = caught.value.problems
    assert found.split(": ", 1)[1].startswith(problem)
    assert found.split(":")[1] in ({"4"} if problem.startswith("when") else {"1", "5"})


def test_rules_have_ids_of_their_own() -> None:
    """An id is how an assignment names its rule; it names the line of the second one."""
    one = '[[rules]]\nid = "a"\nreason = "x"\nwhen = {}\nthen = { review = true }\n'

    with pytest.raises(CityError) as caught:
        tiny_city({"rules.toml": one + one})

    assert caught.value.problems == ("rules.toml:7: id: a appears twice",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[rules]\n", "rules.toml:1: the file is not TOML"),
        ("\n\nx = \n", "rules.toml:3: the file is not TOML"),
        ('[[rules]]\nid = "a"\nreason = x\n[[rules]]\n', "rules.toml:3: the file is not TOML"),
        (f"x = {'9' * 5000}\n", "rules.toml:1: the file is not TOML"),
        ('[[rules]]\nid = "a"\nreason = """\n[[rules]]\n"""\n', "rules.toml:1: when: is missing"),
        ('[[rule]]\nid = "a"\n', "rules.toml:1: rule: is not known here; a rule begins with [[rules]]"),
        ("rules = 3\n", "rules.toml:1: rules: a rule begins with [[rules]]"),
        ('[[rules]]\nid = "a"\n', "rules.toml:1: reason: is missing"),
    ],
)
def test_a_file_that_holds_no_rules_says_so(text: str, problem: str) -> None:
    """What is written wrongly is not silently without effect."""
    with pytest.raises(CityError) as caught:
        tiny_city({"rules.toml": text})

    assert any(found.startswith(problem) for found in caught.value.problems), caught.value.problems
