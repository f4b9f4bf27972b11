"""The reporter as a keyed hash, names under a pseudonym, and contacts under a key of the city's own."""

import hashlib
import hmac
import re
import unicodedata

import msgspec
from cryptography.fernet import Fernet

from models.errors import UsageError
from models.events.above import chosen_in
from models.masking import is_plain, masked_term

_LETTERS = str.maketrans("0123456789", "ghijklmnop")
_UUID = re.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")  # what most events are named by
_UUID_LENGTH = 36
# What else events are named by (ULID): a time and chance. A run of digits as long as somebody's number is no such name.
_ULID = re.compile("(?!.*[0-9]{9})[0-7][0-9A-HJKMNP-TV-Z]{25}")
_ULID_LENGTH = 26
# A digest of our own (`in_letters`): a pseudonym, or what stands for a message without a name, with the place in it.
_DIGEST = re.compile("[a-p]{32}(?:/[0-9]{1,5})?")
_DIGEST_LENGTHS = frozenset({32, *range(34, 39)})
_PHONE = re.compile(r"(?:\+?0{0,2}86)?(1[3-9]\d{9}|0?[1-9]\d{6,11})")


# How an update names a reporter by their hash, where whoever writes it knows no more: the gateway, for a link.
KNOWN_AS = "known-as:"
_KNOWN_AS = re.compile(f"{KNOWN_AS}([0-9a-f]{{32}})")


def acting_reporter(key: bytes, identity: str) -> str:
    """The hash of the reporter whom an update names, by their identity or, after `known-as:`, by the hash itself."""
    known = _KNOWN_AS.fullmatch(identity)
    return known[1] if known else reporter_hash(key, identity)


def reporter_hash(key: bytes, identity: str) -> str:
    """32 hex characters that stand for a reporter: HMAC-SHA256 under the city's key; empty for an empty identity.

    A phone number gives the same hash however it is written.
    """
    plain = unicodedata.normalize("NFKC", identity).strip()
    if not plain:
        return ""
    phone = _PHONE.fullmatch(re.sub(r"[\s\-()]", "", plain))
    return _digest(key, phone[1] if phone else plain)


def in_letters(digest: str) -> str:
    """Hex characters as letters alone: with digits they could look like a number of somebody's."""
    return digest.translate(_LETTERS)


def stand_in(key: bytes, text: str) -> str:
    """32 letters that stand for a text under the city's key, and tell nobody what it says."""
    return in_letters(_digest(key, text))


def pseudonym(key: bytes, name: str) -> str:
    """A name as it is, or, where it holds something personal, 32 letters that stand for it under the city's key.

    The same name has the same pseudonym, and a pseudonym is its own.
    """
    if (len(name) == _UUID_LENGTH and _UUID.fullmatch(name)) or (len(name) == _ULID_LENGTH and _ULID.fullmatch(name)):
        return name
    if len(name) in _DIGEST_LENGTHS and _DIGEST.fullmatch(name):
        return name
    if is_plain(name) or masked_term(name) == name:
        return name
    # Ten characters of chance can look like somebody's handle (wx…), and under a pseudonym nobody above would know its
    # order again.
    if (chosen := chosen_in(name)) and all(masked_term(part) == part for part in chosen):
        return name
    return stand_in(key, name)


def _digest(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), hashlib.sha256).hex()[:32]


class Contact(msgspec.Struct, frozen=True, omit_defaults=True):
    """How to reach a reporter. It is encrypted where the city has a key for it; only notify opens it."""

    name: str = ""
    phone: str = ""


def encrypt_contact(key: str, contact: Contact) -> str:
    """The contact as a Fernet token; empty without a key (contacts are not kept then) or without a contact.

    Raises UsageError when the key is not 32 bytes in URL-safe base64.
    """
    if not key or contact == Contact():
        return ""
    return _fernet(key).encrypt(msgspec.json.encode(contact)).decode()


def decrypt_contact(key: str, token: str) -> Contact:
    """The contact in a token. Raises UsageError for a bad key, cryptography.fernet.InvalidToken for a foreign token."""
    return msgspec.json.decode(_fernet(key).decrypt(token), type=Contact)


def check_contact_key(key: str) -> None:
    """Raises UsageError when contacts cannot be encrypted or opened with this key."""
    _fernet(key)


def _fernet(key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        raise UsageError(
            "PAIDAN_CONTACT_KEY must be 32 bytes in URL-safe base64, as Fernet.generate_key makes"
        ) from None
