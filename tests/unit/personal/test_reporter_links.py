"""Links for reporters: nobody can make one up or change one, and each is over some day."""

import base64
import json
from typing import Any

import pytest
from msgspec.structs import replace

from models.envelope import Event
from models.errors import UsageError
from models.events import NOTICE
from models.redact import acting_reporter, reporter_hash
from streams.notify.to_reporters import letters_of
from streams.reporter_links import LONGEST, ReporterLink, ReporterLinks
from streams.settings import load_settings

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
LINK = ReporterLink("south-w-20260302-aaaaaaaaaa", "0123456789abcdef" * 2, 1_000)


def test_a_link_says_what_it_was_made_of_until_it_is_over() -> None:
    """And is short enough for a text message; two of the same are not alike."""
    links = ReporterLinks(KEY)

    token, other = links.token(LINK), links.token(LINK)

    assert links.read(token, 999.9) == LINK == links.read(other, 0)
    assert links.read(token, 1_000) is None
    assert token != other
    assert len(token) < 120
    assert LINK.order_id not in base64.urlsafe_b64decode(token + "==").decode("latin-1")


def test_a_citizen_s_link_is_of_a_kind_of_its_own() -> None:
    """It says whom it is for, and is read as nothing else; both have the same form."""
    links, citizen = ReporterLinks(KEY), replace(LINK, citizen=True)

    assert links.read(links.token(citizen), 0) == citizen != LINK
    assert links.read(links.token(citizen), 1_000) is None
    assert len(links.token(citizen)) == len(links.token(LINK))


def test_a_link_that_was_changed_is_none() -> None:
    """In any of its characters; nor is anything that somebody has thought of, or one of another city."""
    links = ReporterLinks(KEY)
    token = links.token(LINK)

    changed = [token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :] for n in range(len(token) - 1)]
    made_up = ["", "x", "A" * 100, "中文", token[:-4], token + "AAAA", "A" * (LONGEST + 1), "/../", token + "="]

    assert [each for each in (*changed, *made_up) if links.read(each, 0) is not None] == []
    assert ReporterLinks(base64.urlsafe_b64encode(bytes(32)).decode()).read(token, 0) is None


def notice(audience: str = "reporter") -> Event:
    """A notice to a reporter, or to a citizen of the pool, as the desk has made it."""
    data = {"audience": audience, "to": LINK.reporter, "order_id": LINK.order_id, "kind": "closed"}
    return Event("e-1", "desk", NOTICE, json.dumps(data).encode(), None)


def test_a_reporter_s_notice_has_their_link() -> None:
    """All else of the event is as it was."""
    letters = letters_of(load_settings(link_key=KEY, public_url="https://city.example/", link_days=2.0))
    assert letters is not None

    told = letters.letter(notice())

    data: dict[str, Any] = json.loads(told.data)
    link = data.pop("link")
    assert (told.id, told.type, data) == ("e-1", NOTICE, json.loads(notice().data))
    assert link.startswith("https://city.example/r/")
    read = ReporterLinks(KEY).read(link.rpartition("/")[2], 0)
    assert read is not None
    assert (read.order_id, read.reporter, read.citizen) == (LINK.order_id, LINK.reporter, False)


def test_a_citizen_s_notice_has_a_link_to_judge_by() -> None:
    """As the audience of the notice says."""
    letters = letters_of(load_settings(link_key=KEY, public_url="https://city.example"))
    assert letters is not None

    link = json.loads(letters.letter(notice("citizen")).data)["link"]

    read = ReporterLinks(KEY).read(link.rpartition("/")[2], 0)
    assert read is not None
    assert (read.order_id, read.reporter, read.citizen) == (LINK.order_id, LINK.reporter, True)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"public_url": "https://city.example"}, "PAIDAN_LINK_KEY must be set"),
        ({"public_url": "city.example", "link_key": KEY}, "PAIDAN_PUBLIC_URL"),
        ({"public_url": "http://city.example", "link_key": KEY}, "must be https"),
        ({"public_url": "https://city.example/?a=b", "link_key": KEY}, "PAIDAN_PUBLIC_URL"),
    ],
)
def test_settings_that_give_reporters_no_link_are_refused(given: dict[str, str], wrong: str) -> None:
    """A link that does not work would be found out by a citizen."""
    with pytest.raises(UsageError, match=wrong):
        letters_of(load_settings(**given))


def test_without_an_address_there_are_no_links() -> None:
    """The key alone makes none."""
    assert letters_of(load_settings(link_key=KEY)) is None


def test_a_link_s_reporter_acts_under_the_hash_that_it_names() -> None:
    """Anybody else's name is hashed, also one that only looks like it."""
    assert acting_reporter(b"k", f"known-as:{LINK.reporter}") == LINK.reporter
    for said in ("li", f"known-as:{LINK.reporter}0", f"known-as: {LINK.reporter}", LINK.reporter):
        assert acting_reporter(b"k", said) == reporter_hash(b"k", said)
