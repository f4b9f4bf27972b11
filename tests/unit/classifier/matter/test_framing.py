"""What forms, messengers and mail put around a message is left out before the message is judged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.classifier.learning.shipped import corpus
from models.classifier.serving.matter.framing import unwrapped
from models.plain_words import plain
from tests.support.learning.classifiers import small_model


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("来源：微信小程序\n问题描述：路面坑洼\n详细地址：文昌路东50米\n备注：已拍照", "路面坑洼"),
        ("問題描述：路燈不亮\n聯絡人：陳小姐\n是否回訪：是", "路灯不亮"),
        ("【诉求类型】投诉【问题描述】井盖没了【诉求地点】文昌路", "井盖没了"),
        ("工单编号：2026 内容：下水道堵了 地址：人民路 紧急程度：一般", "下水道堵了"),
        ("市民王先生来电，反映楼道有煤气味", "楼道有煤气味"),
        ("地点：人民路井盖没了，很危险", "人民路井盖没了，很危险"),
        ("> 您好，您的诉求已转办，感谢您的来电。\n水还在漏", "水还在漏"),
        ("> 您反映的路灯不亮问题已办结。\n根本没修好", "路灯不亮\n根本没修好"),
        ("「云禾12345：您的诉求已办结」\n- - - - - -\n树还横在路上", "树还横在路上"),
        ("———— 转发的消息 ————\n张阿姨：\n[图片]\n烧烤店门口唱卡拉OK", "烧烤店门口唱卡拉OK"),
        ("2026-11-02 21:14:33 王先生\n路灯坏了", "路灯坏了"),
        ("@云禾12345 路灯坏了 https://v.example.cn/s/1", "路灯坏了"),
        ("@所有人 着火了，快来", "着火了，快来"),
        ("@物業管家 電梯裡有人，門打不開", "电梯里有人，门打不开"),
        ("王大姐：@所有人 井盖没了，小心", "王大姐：井盖没了，小心"),
        ("//@小李：煤气味很重，谁家没关", "煤气味很重，谁家没关"),
        ("> @小李 @全体成员，水管爆了，快关闸", "水管爆了，快关闸"),
        ("地点：人民路18号 煤气味很重，快来", "煤气味很重，快来"),
        ("地址：云禾市 人民路 18号楼 12层 噪音很大，睡不着", "噪音很大，睡不着"),
        ("联系人：王女士 楼顶起火，快来", "楼顶起火，快来"),
        (
            "Location: 12 High St gas smell in hall\nMy wife feels sick",
            "12 High St gas smell in hall\nMy wife feels sick",
        ),
        ("<p>问题内容：路灯坏了</p><p>所在位置：文昌路</p>", "路灯坏了"),
        ("From: J. Smith\nTo: Hotline\nSubject: street lamp\n\nIt is out", "street lamp\nIt is out"),
        ("Dear Sir or Madam,\n\na huge pothole\n\nKind regards,\nJohn Smith", "a huge pothole"),
        ("The lift is stuck\n\nSent from my iPhone", "The lift is stuck"),
        ("No water\n\nOn 3 Nov 2026, at 08:12, City wrote:\n> Your report was closed.\n> How did we do?", "No water"),
        ("Type: complaint\nDescription: sewage in the street\nLocation: 12 High Street", "sewage in the street"),
        ("Agent: hello, how can I help?\nMe: I smell gas", "I smell gas"),
    ],
)
def test_only_what_the_reporter_says_of_the_matter_is_left(text: str, left: str) -> None:
    """Labels, headers, signatures, links and what the hotline said before are gone, but for what it named."""
    assert unwrapped(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "路灯坏了",
        "您好",
        "> 您的诉求已办结，请评价\n谢谢",
        "Not a test message: someone is stuck in the lift",
        "bus service: never comes, drivers rude",
        "> 路灯坏了三天\n还是没人来修",
        "1. 路灯什么时候修？\n2. 井盖什么时候换？",
        "尊敬的客户，您的积分即将清零",
        "系统消息：3号电梯困人\n请尽快派人",
        "https://v.example.cn/s/1",
        "@着火了，快来",
        "张三 @我：着火了，快来",
        "",
    ],
)
def test_what_has_little_beside_it_stays_or_loses_its_marks_alone(text: str) -> None:
    """A thanks for an answer is a thanks, and what another citizen said counts."""
    assert plain(unwrapped(text)).replace("> ", "") == plain(text).replace("> ", "")


@given(st.text(max_size=600))
def test_whatever_comes_something_is_left_and_once_is_enough(text: str) -> None:
    """Of a text that says anything something stays, and every text gets an answer."""
    left = unwrapped(text)

    assert bool(left.strip()) == bool(text.strip()) or not plain(text)
    assert len(left) <= len(text) * 18


@pytest.mark.parametrize(
    "sign",
    ["【", "「", "> ", "a b ", "您反映", "，", "问题：", "-", "@a ", "//@a：", "地址：a ", "re: ", "谢谢", "我："],
)
def test_many_signs_of_a_frame_are_looked_through_in_one_go(sign: str) -> None:
    """No pattern goes over the same signs again and again: ten thousand characters are answered."""
    text = (sign * 10_000)[:10_000] + "\n"

    assert unwrapped(text).strip()


def test_hardly_a_text_of_the_corpus_has_anything_around_it() -> None:
    """What people write by themselves is left as it is, so that what was learnt from it goes on to hold."""
    texts = corpus().texts
    changed = [text for text in texts if unwrapped(text) != text]

    assert len(changed) <= 0.005 * len(texts)


@pytest.mark.parametrize(
    "around",
    [
        "来源：微信小程序\n问题描述：{}\n联系人：王女士\n是否回访：是",
        "> 您好，您的诉求已办结，感谢您的来电。\n{}",
        "{}\n\nOn 3 Nov 2026, at 08:12, Hotline wrote:\n> Thank you for your message. Your report has been closed.",
    ],
)
@pytest.mark.parametrize("text", ["路上有个大坑", "路灯不亮", "There is a big pothole"])
def test_a_message_is_as_surely_of_its_matter_within_a_frame(text: str, around: str) -> None:
    """The classifier judges what is within."""
    alone, within = small_model().classify([text, around.format(text)])

    assert (within.category, within.outcome) == (alone.category, alone.outcome)
    assert within.probability == pytest.approx(alone.probability, abs=1e-6)
