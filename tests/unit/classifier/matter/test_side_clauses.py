"""What ends a message without saying what it is about is left out before the message is judged."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.classifier.learning.shipped import corpus
from models.classifier.serving.matter.side_clauses import _FORMULA, says_nothing, without_side_clauses
from models.plain_words import fold
from tests.support.learning.classifiers import small_model

ZH = (
    "谢谢",
    "多谢各位",
    "请尽快处理",
    "麻烦派人来看看",
    "已经好几天了",
    "拖了三个月了",
    "反映过好多次都没人管",
    "我已经打过两次电话",
    "一直没有人来",
    "有安全隐患",
    "老人小孩走路很危险",
    "拍了照片",
    "电动车差点摔倒",
    "老人差点绊倒",
    "每天上下班都经过这里",
    "希望领导重视",
    "谁打一下12345",
    "有人报了吗",
    "大家绕着走",
    "路过的小心一点",
    "已经有人崴脚了",
    "跟你们说一声",
    "不知道归不归你们管",
    "没什么大事",
    "你们看着办",
    "打扰了",
)
EN = (
    "thank you",
    "many thanks in advance",
    "please fix it soon",
    "it has been like this for two weeks",
    "I reported it before",
    "nobody came so far",
    "it is dangerous for children",
    "someone nearly got hurt",
    "photo attached",
    "just letting you know",
    "thought I'd let you know",
    "has anyone reported it?",
    "mind how you go",
    "somebody already fell",
    "probably nothing",
    "no rush",
    "I'm not sure who deals with this",
    "sorry to bother you",
)
CORES = ("路上有个大坑", "路灯不亮", "厨房有煤气味", "公厕很脏", "老板拖欠工资", "There is a big pothole")
# By how much a clause that says nothing may lower what a message is thought to be.
AT_MOST = 0.02


@given(
    st.sampled_from(CORES), st.lists(st.sampled_from(ZH + EN), min_size=1, max_size=3), st.sampled_from("，。；,;!\n")
)
def test_a_trailing_clause_does_not_lower_certainty(core: str, tails: list[str], mark: str) -> None:
    """Whatever of thanks, urging, waiting, danger and near misses follows: it is as surely the same matter."""
    alone, followed = small_model().classify([core, core + "".join(f"{mark}{tail}" for tail in tails)])

    assert followed.category == alone.category
    assert followed.probability >= alone.probability - AT_MOST


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("有个大坑，电动车差点摔倒", "有个大坑"),
        ("停水，已经三天了。", "停水"),
        ("路灯不亮。已反映多次，没人管！", "路灯不亮"),
        ("路燈不亮，謝謝！", "路燈不亮"),
        ("The bins are full. Thank you!", "The bins are full"),
    ],
)
def test_only_the_end_is_left_out(text: str, left: str) -> None:
    """In either script and in English, as the text came."""
    assert without_side_clauses(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "谢谢",
        "谢谢，请尽快处理",
        "路灯亮了，谢谢处理",
        "谢谢你们，路灯修好了",
        "有个大坑，路灯也不亮",
        "下水道堵了，污水往外冒",
        "",
        "，，",
    ],
)
def test_what_says_something_stays(text: str) -> None:
    """A thanks alone is a thanks, and a clause with a word of its own matters."""
    assert without_side_clauses(text) == text


@given(st.text(max_size=200))
def test_any_text_keeps_its_beginning(text: str) -> None:
    """Nothing is left out but from the end, and never all of it."""
    left = without_side_clauses(text)

    assert text.startswith(left)
    assert bool(left) == bool(text)


def test_the_quick_look_passes_over_no_formula() -> None:
    """A clause is looked at twice before it is asked whether it says nothing: what is left out would have said no."""
    ends = re.compile(r"[，,、。；;！!？?~～…\n.]")
    found = [clause for text in corpus().texts for clause in map(fold, ends.split(text))]

    assert all(says_nothing(clause) == bool(_FORMULA.fullmatch(clause)) for clause in found)
    assert sum(map(says_nothing, found)) > 10
