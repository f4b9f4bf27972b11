"""What a message begins and ends with beside its matter is left out before the message is judged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.classifier.learning.shipped import corpus
from models.classifier.serving.matter.edges import without_edges
from models.guess import NO_FAULT
from tests.support.learning.classifiers import small_model


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("转：人民路有个大坑（附图3张）", "人民路有个大坑"),
        ("【转发】路灯不亮", "路灯不亮"),
        ("第二次反映！垃圾没人清", "垃圾没人清"),
        ("已经打了五个电话，垃圾没人清", "垃圾没人清"),
        ("工单号20251103887，下水道还堵着", "下水道还堵着"),
        ("下水道还堵着，谢谢！电话139 0000 0000 李", "下水道还堵着，谢谢"),
        ("😡😡😡井盖没了🙏", "井盖没了"),
        ("領導好，我係嘉禾苑嘅居民，冇水", "冇水"),
        ("我是嘉禾苑业主，电梯停了", "电梯停了"),
        ("急急急！煤气味很重 #随手拍", "煤气味很重"),
        ("FWD: ref 4471-B. The drain is blocked :( (2 photos attached)", "The drain is blocked"),
        ("Hi team, just to report a dead street lamp. My number is 07700 900123", "a dead street lamp"),
        ("Second time reporting this. No water. Regards, Tom", "No water"),
        ("Reported twice already. No heating", "No heating"),
        ("路灯不亮 @物业 @社区", "路灯不亮"),
        ("您好，\n路灯不亮\n（共2张图片）", "您好，\n路灯不亮\n（共2张图片）"),
        ("你好，路灯不亮\n电线也垂下来了 👎", "路灯不亮\n电线也垂下来了"),
    ],
)
def test_only_the_matter_is_left_of_a_line(text: str, left: str) -> None:
    """In either script and in English; what is between the edges stays."""
    assert without_edges(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "你好",
        "在吗？",
        "😂😂😂",
        "谢谢！路灯亮了",
        "你好我想问一下，图书馆几点开门",
        "我要表扬12路司机",
        "测试一下，路灯不亮",
        "撤销工单20251103887",
        "13800138000",
        "张三 @我：着火了，快来",
        "好几天了 @物业3号楼电梯坏了",
        "Thanks! The lamp is on again",
        "Just letting you know the lamp is on again",
        "Cancel my report please",
        "",
    ],
)
def test_what_tells_no_fault_stays(text: str) -> None:
    """A greeting alone is a greeting; thanks, questions, praise, tests and withdrawals are told by such words."""
    assert without_edges(text) == text


@given(st.text(max_size=300))
def test_any_text_has_something_left_and_nothing_added(text: str) -> None:
    """Nothing is left out of a text that would leave nothing."""
    left = without_edges(text)

    assert bool(left) == bool(text)
    assert left is text or any(character.isalnum() for character in left)


@pytest.mark.parametrize(
    "sign", ["你好，", "😡", "第二次反映：", "hi, ", "(photo)", "#", "1", "工单号", "@a ", "（图", "- "]
)
def test_many_formulas_are_looked_through_in_one_go(sign: str) -> None:
    """No pattern goes over the same signs again and again."""
    text = (sign * 10_000)[:10_000]

    assert without_edges(text)
    assert without_edges(text[:800])


def test_few_texts_of_the_corpus_have_such_edges() -> None:
    """What was learnt goes on to hold: hardly one text in a hundred of those that people wrote loses anything."""
    texts = corpus().texts
    changed = [text for text in texts if without_edges(text) != text]

    assert len(changed) <= 0.01 * len(texts)


@pytest.mark.parametrize("around", ["你好，第三次反映了：{}（附图3张）", "Hi all, fyi {} 🙏", "工单号20251103887，{}"])
@pytest.mark.parametrize("text", ["路上有个大坑", "路灯不亮", "There is a big pothole"])
def test_a_message_is_as_surely_of_its_matter_between_formulas(text: str, around: str) -> None:
    """The classifier judges what is between."""
    alone, within = small_model().classify([text, around.format(text)])

    assert (within.category, within.outcome) == (alone.category, alone.outcome)
    assert within.probability == pytest.approx(alone.probability, abs=1e-6)
    assert within.category != NO_FAULT
