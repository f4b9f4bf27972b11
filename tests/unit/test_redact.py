"""The reporter is a hash, and a contact is read with its key only."""

import pytest
from cryptography.fernet import Fernet, InvalidToken

from models.errors import UsageError
from models.masking import MASK
from models.redact import Contact, decrypt_contact, encrypt_contact, reporter_hash


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
