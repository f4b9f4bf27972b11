"""Sealed words 密文: what a person wrote, under a key of its report alone, and that key under the city's.

Each report, and each later step of a reporter's, has a key of its own, 32 random bytes, which seals each of its fields
once with the field as nonce: so no nonce ever meets a key twice. Where that key is destroyed nobody reads the words
again, wherever copies of them lie.
"""

import base64
import binascii
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.errors import PaidanError, UsageError
from models.events.incoming import MAX_LINKS

ERASED = "erased"  # what is read in place of words that nothing opens any more

_NAME_BYTES, _KEY_BYTES = 16, 32
_NONCE_BYTES = 12
# The number of a field, by which it has a nonce of its own: it never changes.
_FIELDS = ("text", "title", "address", "contact", *(f"link{number}" for number in range(1, MAX_LINKS + 1)), "reason")
_NONCES: dict[str, bytes] = {
    field: bytes([number]).rjust(_NONCE_BYTES, b"\0") for number, field in enumerate(_FIELDS, 1)
}
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_SEALED = re.compile(r"sealed:1:(?P<name>[\w-]{22}):(?P<field>[a-z]+[0-9]*):(?P<words>[\w-]+)", re.ASCII)
_QUOTED = re.compile(rb'"(sealed:1:[\w-]{22}:[a-z]+[0-9]*:[\w-]+)"')
_NAMED = re.compile(rb"sealed:1:([\w-]{22}):")


class SealError(PaidanError):
    """Sealed words that this key did not seal, or that somebody has changed."""


class ReportKey(NamedTuple):
    """The key of one report, and the name under which it is kept."""

    name: str
    secret: bytes

    @classmethod
    def new(cls) -> "ReportKey":
        """A key that nobody has had before."""
        chance = os.urandom(_NAME_BYTES + _KEY_BYTES)
        return cls(_text(chance[:_NAME_BYTES]), chance[_NAME_BYTES:])


def seal(key: ReportKey, words: Mapping[str, str]) -> dict[str, str]:
    """The words of `text`, `title`, `address`, `contact` and `reason` as text that begins with `sealed:1:`; what is
    empty stays empty. Call it once for a key."""
    encrypt, name = AESGCM(key.secret).encrypt, key.name
    return {
        field: f"sealed:1:{name}:{field}:{_text(encrypt(_NONCES[field], said.encode(), _bound(name, field)))}"
        if said
        else ""
        for field, said in words.items()
    }


def seal_links(key: ReportKey, urls: Sequence[str]) -> tuple[str, ...]:
    """The addresses of pictures, 20 at most, sealed like words. Call it once for a key."""
    if not urls:
        return ()
    return tuple(seal(key, {f"link{number}": url for number, url in enumerate(urls, 1)}).values())


def unseal(key: ReportKey, sealed: str) -> str:
    """The words. Raises SealError for those of another key, and where a character was changed."""
    match = _SEALED.fullmatch(sealed)
    if match is None or match["name"] != key.name or match["field"] not in _NONCES:
        raise SealError("these words are not sealed under this key")
    bound = _bound(key.name, match["field"])
    try:
        return AESGCM(key.secret).decrypt(_NONCES[match["field"]], _bytes(match["words"]), bound).decode()
    except (InvalidTag, binascii.Error, ValueError):
        raise SealError("sealed words were changed, or sealed under another key") from None


def key_names(value: bytes) -> set[str]:
    """The names of all keys under which something in this JSON is sealed."""
    return {name.decode() for name in _NAMED.findall(value)}


def key_name(words: Iterable[str]) -> str:
    """The name of the key under which one of these fields of a report is sealed; empty when none is."""
    return next((found["name"] for said in words if (found := _SEALED.match(said))), "")


def unsealed_json(value: bytes, key_of: Callable[[str], ReportKey | None], erased: str = ERASED) -> bytes:
    """The JSON with the words in it opened; those whose key `key_of` does not have are read as `erased`, and what
    somebody has changed stays closed."""

    def opened(match: re.Match[bytes]) -> bytes:
        sealed = match[1].decode()
        key = key_of(sealed.split(":", 3)[2])
        try:
            return msgspec.json.encode(erased if key is None else unseal(key, sealed))
        except SealError:
            return match[0]

    return _QUOTED.sub(opened, value) if b'"sealed:1:' in value else value


class CityKey:
    """The city's key, which wraps the keys of reports. It never changes: what it has wrapped nothing else opens.

    A nonce of it is random: two are alike by chance once in some 2**48 reports at the earliest.
    """

    def __init__(self, secret: bytes) -> None:
        """Raises UsageError when it is not 32 bytes."""
        if len(secret) != _KEY_BYTES:
            raise UsageError("PAIDAN_WORDS_KEY must be 32 bytes in URL-safe base64")
        self._cipher = AESGCM(secret)

    @classmethod
    def of(cls, text: str) -> "CityKey":
        """The key in URL-safe base64. Raises UsageError when it is none."""
        try:
            return cls(_bytes(text.rstrip("=")))
        except (binascii.Error, ValueError):
            return cls(b"")

    def wrap(self, key: ReportKey) -> bytes:
        """A report's key as it is kept."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key.secret, key.name.encode())

    def unwrap(self, name: str, wrapped: bytes) -> ReportKey:
        """The key that `wrap` was given. Raises SealError when another city's key has wrapped it."""
        try:
            secret = self._cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError):
            raise SealError("PAIDAN_WORDS_KEY is not the key that wrapped the keys of the reports") from None
        return ReportKey(name, secret)


def _bound(name: str, field: str) -> bytes:
    """What the seal holds fast beside the words: they cannot be passed off as another report's or another field's."""
    return f"{name}:{field}".encode()


def _text(value: bytes) -> str:
    return binascii.b2a_base64(value, newline=False).translate(_URL_SAFE, b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
