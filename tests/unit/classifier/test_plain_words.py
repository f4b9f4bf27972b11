"""Texts as they are compared: what is the same however it was typed."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dispatcher.arrivals.worded.gists import gist_of, similarity
from models.city import City, load_city
from models.plain_words import fold, plain
from tests.support.learning.classifiers import small_model

DEMO = Path(__file__).parents[3] / "cities" / "demo"

LAMP = "小区门口的路灯坏了好几天，晚上一片漆黑"
MANHOLE = "文庙小学门口的井盖不见了，非常危险"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("小區門口的路燈壞了好幾天，晚上一片漆黑", LAMP),
        ("裏面 衞生 臺灣 沿綫 著 路麵 怎麽 屋簷", "里面卫生台湾沿线着路面怎么屋檐"),
        ("怎么样了，沿着路后面的屋檐", "怎么样了，沿着路后面的屋檐"),
        ("⽂庙⼩学⻔⼝的井盖", "文庙小学门口的井盖"),
        ("⻋⻢⻓⻢⻛⻝⺠", "车马长马风食民"),
        ("１２号 Ｗｅｎｃｈａｎｇ", "12号 Wenchang"),
        ("㎡ ① ﬁre", "m2 1 fire"),
        ("e\u0301cole", "école"),
        ("文\u200b昌\u200d街\ufeff", "文昌街"),
        ("路\u00ad灯\u202e坏\u2066了", "路灯坏了"),
        ("1\ufe0f\u20e32\ufe0f\u20e3", "12"),
        ("路灯\x00坏了\x1b]0;x\x07", "路灯坏了]0;x"),
        ("路\U000e0101灯", "路灯"),
        ("Wenchang  Street", "Wenchang Street"),
        ("Wenchang\nStreet\u3000\u00a0 ", "Wenchang Street"),
        ("文 昌\n街", "文昌街"),
        ('<p><span style="font-size: 16px;">路灯坏了</span></p>', "路灯坏了"),
        ("路<b>灯</b>坏<wbr>了<br/>Wenchang<br>Street", "路灯坏了 Wenchang Street"),
        ("<!-- x --><style>p {}</style><P CLASS=a>lamp</P>", "lamp"),
        ("lamp&nbsp;out &amp; dark&#12290;", "lamp out & dark。"),
        ("<![CDATA[路灯<b>坏了</b>]]>", "路灯坏了"),
        ("&amp;lt;p&amp;gt;路灯&amp;lt;/p&amp;gt;坏了", "路灯坏了"),
        ("&lt;p&gt;路灯&lt;/p&gt;坏了", "路灯坏了"),
        ("a < b && c > d <3 <zhang@example.com>", "a < b && c > d <3 <zhang@example.com>"),
        ("", ""),
    ],
)
def test_spellings_of_the_same_words_become_one(text: str, expected: str) -> None:
    """Script, compatibility forms, invisible characters, blanks and markup make no difference."""
    assert plain(text) == expected


@example("\u1680")
@given(st.text())
def test_what_is_plain_stays_so(text: str) -> None:
    """Of a text without markup there is nothing left to do, no invisible character and no odd blank in it."""
    bare = text.replace("<", "").replace("&", "").replace("\uff1c", "").replace("\uff06", "")

    assert plain(plain(bare)) == plain(bare)
    assert plain(bare).split(" ") == plain(bare).split() or not plain(bare)
    assert fold(bare) == plain(bare).casefold()


@pytest.fixture(scope="module")
def city() -> City:
    """The demo city."""
    return load_city(DEMO)


@pytest.mark.parametrize(
    "text",
    [
        "⽂昌街的路灯坏了好几天",
        "文\u200b昌\u200b街的路灯坏了好几天",
        "文 昌 街的路灯坏了好几天",
        "<b>文昌</b>街的路灯",
        "Lamp on Wenchang  Street",
        "Lamp on Wenchang\nStreet",
        "Lamp on Wenchang\u00a0Street",
        "Lamp on <i>Ｗenchang</i>&nbsp;Street",
    ],
)
def test_places_are_found_however_they_are_typed(city: City, text: str) -> None:
    """A name is found as it is with the usual characters."""
    place = city.places.find(text)

    assert place is not None
    assert place.area == "gulou"


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (MANHOLE, "文廟小學門口的井蓋不見了，非常危險"),
        (MANHOLE, "⽂庙⼩学⻔⼝的井盖不⻅了，⾮常危险"),
        (MANHOLE, "\u200b".join(MANHOLE)),
        (MANHOLE, " ".join(MANHOLE)),
        (MANHOLE, f"<p>{MANHOLE}</p>"),
        ("Manhole cover gone", "Ｍａｎｈｏｌｅ　ｃｏｖｅｒ&nbsp;gone"),
    ],
)
def test_the_same_words_are_alike(text: str, other: str) -> None:
    """Twins that differ only in how they were typed have a similarity of 1."""
    assert similarity(gist_of("", text).pairs, gist_of("", other).pairs) == 1.0


@pytest.mark.parametrize(
    ("text", "twin"),
    [
        ("小區門口的路燈壞了好幾天，晚上一片漆黑", LAMP),
        ("樓下燒烤店油煙很大", "楼下烧烤店油烟很大"),
        ("\u200b".join(LAMP), LAMP),
        (f'<p><span style="font-size: 16px;">{LAMP}</span></p>', LAMP),
        ("⼩区⻔⼝的路灯坏了好⼏天，晚上⼀⽚漆⿊", LAMP),
        ("The street  light&nbsp;is out", "The street light is out"),
    ],
)
def test_the_classifier_reads_twins_alike(text: str, twin: str) -> None:
    """The guess is the same, probabilities and terms included."""
    classifier = small_model()

    guess, same = classifier.classify([text, twin])

    assert guess == same
