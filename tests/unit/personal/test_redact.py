"""The reporter is a hash, and a contact is read with its key only."""

import pytest
from cryptography.fernet import Fernet, InvalidToken

from dispatcher.partition.identity import order_id
from models.errors import UsageError
from models.events.above import report_of
from models.masking import MASK
from models.redact import Contact, decrypt_contact, encrypt_contact, pseudonym, reporter_hash

KEY = b"k" * 32


def test_a_phone_number_is_one_reporter_however_it_is_written() -> None:
    """And another key gives another hash."""
    plain = reporter_hash(b"k", "13812345678")
    written = ("+86 138 1234 5678", "１３８１２３４５６７８", "0086-13812345678", " 13812345678 ")
    assert {plain} == {reporter_hash(b"k", text) for text in written}
    assert plain != reporter_hash(b"other", "13812345678")
    assert (len(plain), reporter_hash(b"k", "  ")) == (32, "")
    assert MASK not in plain


def test_a_contact_can_be_read_with_its_key_only() -> None:
    """Another key opens nothing; without a key nothing is kept."""
    key, contact = Fernet.generate_key().decode(), Contact("王小明", "13812345678")
    token = encrypt_contact(key, contact)
    assert "13812345678" not in token
    assert contact == decrypt_contact(key, token)
    with pytest.raises(InvalidToken):
        decrypt_contact(Fernet.generate_key().decode(), token)
    assert (encrypt_contact("", contact), encrypt_contact(key, Contact())) == ("", "")


def test_a_key_that_cannot_encrypt_is_named() -> None:
    """The sentence names the setting."""
    with pytest.raises(UsageError, match="PAIDAN_CONTACT_KEY"):
        encrypt_contact("short", Contact("a"))


def test_the_id_of_an_order_stays_whatever_its_ten_characters_look_like() -> None:
    """Under a pseudonym the platform that has handed it down would not know its order again."""
    order = "south-w-20261129-wx4rjem2uw"

    step = f"{order}/1/south-w-20261129-dm2wxowblp/17/request-suspension"
    for name in (order, f"{order}/1", f"{order}/12/withdrawn", f"{order}/circle", step):
        assert pseudonym(KEY, name) == name


def test_what_only_looks_like_the_id_of_an_order_stays_nowhere() -> None:
    """Neither a number in the place of an area nor a handle behind it."""
    order = "south-w-20261129-wx4rjem2uw"
    for name in (
        "13812345678-20261129-wx4rjem2uw",
        f"{order}/1/13812345678-20261129-wx4rjem2uw/1/handle",
        f"{order}/wx13812345678",
        f"{order}/13812345678",
        f"{order}/1/{order}/1/handle/1",
    ):
        assert pseudonym(KEY, name) != name


def test_no_order_s_id_needs_a_pseudonym() -> None:
    """Of all that the desk may make: one in two hundred has a handle's sign in it."""
    ids = [order_id("south-w", 20261129, "app", str(number)) for number in range(2_000)]

    assert [name for name in ids if pseudonym(KEY, report_of(name, 1)) != report_of(name, 1)] == []
    assert any("wx" in name for name in ids)


def test_names_of_capitals_and_digits_stay_as_they_are() -> None:
    """Two capitals with a time and a number, and ULIDs; one with a phone number in it is no such name."""
    for name in ("EV20261128000017", "EV73915482604817", "01JAR25DM4K7ABZ12345678QRS", "01JP50DM7VX9130MW2K8Q4GEC4"):
        assert pseudonym(KEY, name) == name
    assert pseudonym(KEY, "01JAR13812345678ABZ45678QR") != "01JAR13812345678ABZ45678QR"
