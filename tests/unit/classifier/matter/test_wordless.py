"""What has no word is nobody's matter until a person has looked."""

import pytest

from models.classifier.serving.matter.wordless import is_only_sent, is_wordless, may_say_where
from models.plain_words import plain
from tests.support.cities import tiny_city
from tests.support.learning.classifiers import small_model


@pytest.mark.parametrize(
    "text",
    [
        "5518",
        "２０２４年",
        "1998年3月",
        "3號樓2單元1503",
        "1111 2222!",
        "x",
        "No. 5518",
        "ticket 5518",
        "订单号：8812",
        "10:30",
        "我在3号楼门口",
        "就在这里，对面",
        "next to the entrance, block 4",
        "在楼顶",
        "住三楼",
        "每天晚上",
        "by the river, every night",
        "梧桐路12号",
        "梧桐路 12 号",
        "解放大道1277号院内",
        "银杏大道与桂花街3号楼",
        "有人",
        "人 人 人",
        "没人管",
        "三天了没人管",
        "somebody is here",
        "",
    ],
)
def test_numbers_and_what_they_count_are_no_words(text: str) -> None:
    """In either width and script."""
    assert is_wordless(plain(text))


@pytest.mark.parametrize(
    "text",
    [
        "火",
        "501漏水",
        "8号楼停电",
        "3楼着火",
        "no 5 gas",
        "room 12 flooded",
        "order",
        "a fire",
        "门口有坑",
        "road closed",
        "住院",
        "桥塌",
        "堵路2小时",
        "学府路堵路2小时",
        "司机绕路",
        "梧桐路12号漏水",
        "路灯3号",
        "有人打架",
        "people fighting",
    ],
)
def test_one_word_is_enough(text: str) -> None:
    """A report may be a number and a word."""
    assert not is_wordless(plain(text))


@pytest.mark.parametrize(
    "text", ["[视频]", "[圖片][圖片]", "定位", "[voice message]", "(2 photos attached)", "Image 1."]
)
def test_what_stands_for_a_picture_or_a_place_is_only_sent(text: str) -> None:
    """As messengers and forms write it."""
    assert is_only_sent(plain(text))


@pytest.mark.parametrize(
    "text", ["视频监控坏了", "图片上这个井盖没了", "photo of a hole", "filed", "5518", "小区定位器", ""]
)
def test_words_beside_a_picture_are_words(text: str) -> None:
    """Nor is a longer word that begins so."""
    assert not is_only_sent(plain(text))


@pytest.mark.parametrize("text", ["1111", "2024年", "111", "1楼", "视频", "[位置]"])
def test_however_sure_the_model_is_what_has_no_word_goes_to_a_person(text: str) -> None:
    """Years stand in what is written about pensions."""
    (guess,) = small_model().classify([text])

    assert guess.outcome == "abstain"
    assert guess.reason == "too little text that the model knows"


def test_a_word_beside_a_number_is_judged_as_before() -> None:
    """A room and what is wrong in it."""
    (guess,) = small_model().classify(["1503 路灯不亮了"])

    assert (guess.outcome, guess.category) == ("confident", "street-light-out")


@pytest.mark.parametrize(
    "text", ["北东镇", "我在梧桐路上", "梧桐路3号樓門口", "near Wutong Road", "北东镇中山路2栋1503室"]
)
def test_a_place_that_is_named_alone_is_no_matter(text: str) -> None:
    """Whatever its name reads like: a bridge is no river's, a street of parasol trees no garden's."""
    city = tiny_city()

    (guess,) = small_model().in_city(city.categories, city.places).classify([text])

    assert (guess.outcome, guess.reason) == ("abstain", "too little text that the model knows")
    assert (guess.probability, guess.group_probability, guess.alternatives) == (0.0, 0.0, ())


@pytest.mark.parametrize("text", ["梧桐路路灯不亮", "Wutong Road, the street light is out"])
def test_what_is_wrong_at_a_place_is_judged_as_before(text: str) -> None:
    """By all of its words, the place's too."""
    city = tiny_city()

    found = small_model().in_city(city.categories, city.places).classify([text])

    assert found == small_model().in_city(city.categories).classify([text])
    assert found[0].outcome == "confident"


def test_a_long_text_is_not_looked_through_for_places() -> None:
    """It says more than where."""
    assert may_say_where("梧桐路3号楼门口")
    assert not may_say_where("梧桐路3号楼门口" * 4)
    assert may_say_where("Wutong Road Primary School, opposite the gate")
