"""Orders are found by what they say, however it is written, and by their numbers."""

import pytest
from msgspec.structs import replace

from dispatcher.arrivals.worded.gists import gist_of
from dispatcher.order.row import Order
from models.events import Evidence
from models.sealed_words import ERASED, ReportKey, seal
from streams.tables.orders.order_view import OrderView
from streams.tables.orders.order_words import MOST, said, says, words_in
from streams.tables.orders.wanted import Wanted
from streams.tables.protocol import brief
from tests.support.desk_rows import ZONE, opened
from tests.web.conftest import Open

TEXT = "天一黑就像进了山洞，No. 12 旁边的路灯坏了 <b>一週</b>"
ORDER = replace(opened(1), title="路灯", text=TEXT, address="梧桐路 12 号")


def _has(order: Order, words: str) -> bool:
    return said(order).has(words_in(words))


@pytest.mark.parametrize(
    "words",
    ["山洞", "山洞 路灯", "路燈 一周", "ＮＯ．12", "no. 12", "梧桐路12号", ORDER.id, ORDER.id[-6:].upper(), "　路灯　"],
)
def test_an_order_is_found_by_its_words_however_they_are_written(words: str) -> None:
    """In its text, title, address or number; in either script, of any width and case, in whatever order."""
    assert _has(ORDER, words)


@pytest.mark.parametrize("words", ["井盖", "山洞 井盖", "路灯山洞", "bbbb-"])
def test_an_order_without_one_of_the_words_is_not(words: str) -> None:
    """All of them must occur, each as a whole."""
    assert not _has(ORDER, words)


def test_what_has_been_said_by_others_finds_an_order_too() -> None:
    """Of each sighting that its row keeps."""
    other = Evidence(kind="report", source="app", id="r-9", at=1, text="老人在这里摔倒了", address="南门")
    order = replace(ORDER, evidence_last=(other,))
    assert _has(order, "摔倒")
    assert _has(order, "南门 山洞")


def test_of_what_is_very_long_the_beginning_finds_it() -> None:
    """So that no order takes much room in the tables."""
    order = replace(ORDER, text="路" * MOST + "灯")
    assert _has(order, "路路路")
    assert not _has(order, "路灯灯")
    assert len(said(order).words) <= MOST


def _sealed(order: Order) -> Order:
    (seen,) = order.evidence_first
    words = seal(ReportKey.new(), {"title": order.title, "text": order.text, "address": order.address})
    gist = gist_of(order.title, order.text)
    return replace(
        order, **words, evidence_first=(replace(seen, text=words["text"], address=words["address"], gist=gist),)
    )


@pytest.mark.parametrize(("words", "found"), [("山洞", True), ("一周", True), ("山洞 灯", True), ("井盖", False)])
def test_a_sealed_text_is_found_by_its_pairs_of_characters(words: str, found: bool) -> None:
    """The tables cannot read it; what is one character alone, beside a word, asks nothing of it."""
    assert _has(_sealed(ORDER), words) is found
    assert _has(_sealed(ORDER), ORDER.id)


def test_words_that_were_erased_are_not_told_by_their_pairs() -> None:
    """The sketch of a text outlasts it: whoever has a sentence could try whether it was what somebody wrote."""
    erased = replace(_sealed(ORDER), title=ERASED, text=ERASED, address=ERASED)
    assert _has(erased, "山洞")
    assert not says(erased, words_in("山洞"))
    assert says(erased, words_in(ORDER.id[-5:]))


def test_a_long_sealed_text_hides_no_open_words_behind_it_once_it_is_opened() -> None:
    """The tables find the order by what a camera said of it."""
    camera = Evidence(kind="detection", source="cams", id="d-9", at=1, text="有烟雾")
    long = replace(ORDER, text="路" * MOST + "")
    found, opened_again = (replace(each, evidence_last=(camera,)) for each in (_sealed(long), long))
    assert _has(found, "烟雾")
    assert says(opened_again, words_in("烟雾"))


async def test_a_list_of_words_counts_what_it_shows() -> None:
    """Beside what else is asked for, page by page."""
    orders = [replace(opened(n), text=TEXT if n % 3 else "井盖丢了") for n in range(1, 40)]
    view, table = OrderView(ZONE), {order.id: order for order in orders}
    for offset, order in enumerate(orders):
        view.put(order, offset)
    wanted = Wanted(words=words_in("山洞"), departments=("roads",))
    expected = {order.id for order in orders if order.text == TEXT and order.department == "roads"}

    first = await view.page(wanted, None, 5, table.get)
    rest = await view.page(wanted, brief(first[-1]).place("newest"), 50, table.get)

    assert len(first) == 5
    assert {order.id for order in (*first, *rest)} == expected
    assert await view.count(wanted) == len(expected)

    view.put(replace(orders[0], seq=9, text="井盖"), 99)
    assert orders[0].id not in {order.id for order in await view.page(wanted, None, 50, table.get)}


@pytest.mark.parametrize(
    ("words", "status"), [("坑", 422), (" 坑 灯 ", 422), ("大坑", 503), ("x" * 101, 422), ("", 503)]
)
async def test_one_character_alone_is_refused(gateway: Open, words: str, status: int) -> None:
    """It occurs in half of all orders; 503 is what a gateway says here that would have asked the tables."""
    async with gateway(tables_seconds=0.2) as client:
        answer = await client.get("/orders", params={"words": words})
    assert answer.status_code == status, answer.text
