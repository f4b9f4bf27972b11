"""Links for reporters 一次性链接: what shows one reporter one order, without a token of theirs, until it is over; and
for citizens of the pool what they are to judge.

A link is made where notices are sent and read where the page is served. It says nothing to whoever has not the key, and
nobody can make one up: order, reporter's hash and end are encrypted and bound together (AES-GCM).
"""

import base64
import binascii
import os
import re

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
_HASH_BYTES = 16
_END_BYTES = 5
# What a token is bound to says whom it is for: nobody can make the one out of the other.
_BOUND = {False: b"paidan reporter link 1", True: b"paidan citizen link 1"}
_TEXT = re.compile("[A-Za-z0-9_-]+")
LONGEST = 512  # characters of a token


class ReporterLink(msgspec.Struct, frozen=True):
    """Whom a link is for (the reporter's hash, 32 hex characters), which order it shows, and until when (seconds).
    `citizen`: it is for one of the pool 市民监督员, who judges the order and does nothing else with it."""

    order_id: str
    reporter: str
    until: int
    citizen: bool = False


class ReporterLinks:
    """Makes and reads the tokens of links, with the city's key for them."""

    def __init__(self, key: str) -> None:
        """With a key of 32 bytes in URL-safe base64."""
        self._cipher = AESGCM(base64.urlsafe_b64decode(key))

    def token(self, link: ReporterLink) -> str:
        """A token of letters, digits, `-` and `_`."""
        said = link.until.to_bytes(_END_BYTES, "big") + bytes.fromhex(link.reporter) + link.order_id.encode()
        nonce = os.urandom(_NONCE_BYTES)
        return (
            base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, said, _BOUND[link.citizen]))
            .rstrip(b"=")
            .decode()
        )

    def read(self, token: str, now: float) -> ReporterLink | None:
        """What a token says; None where it is none of ours, or over by `now` (seconds)."""
        raw = _bytes(token) if len(token) <= LONGEST else None
        if raw is None:
            return None
        found = (self._opened(raw, citizen) for citizen in _BOUND)
        link = next((each for each in found if each is not None), None)
        return link if link is not None and now < link.until else None

    def _opened(self, raw: bytes, citizen: bool) -> ReporterLink | None:
        try:
            said = self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _BOUND[citizen])
        except (ValueError, InvalidTag):
            return None
        reporter, order_id = said[_END_BYTES : _END_BYTES + _HASH_BYTES], said[_END_BYTES + _HASH_BYTES :]
        return ReporterLink(order_id.decode(), reporter.hex(), int.from_bytes(said[:_END_BYTES], "big"), citizen)


def _bytes(text: str) -> bytes | None:
    """What URL-safe base64 without its padding stands for; None for what is none."""
    if not _TEXT.fullmatch(text):
        return None
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
