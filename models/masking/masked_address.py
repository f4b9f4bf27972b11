"""Addresses of pictures and files: they must still lead there, and must not say who somebody is."""

import re
from collections.abc import Collection
from urllib.parse import unquote_plus

from models.masking.late import late
from models.masking.masks import MASK, USUAL, mask
from models.masking.plain_name import is_plain

_PARTS = late(r"([/?&=#;,.:]+)")
_ADDRESS = late(r"([^:/]+://)(?:[^/?#]*@)?([^/?#]*)(.*)", re.DOTALL)
_TIMES_QUOTED = 3
_DATED = late(r"(?<![0-9])/20\d\d/\d\d/\d\d/")  # as most stores of pictures have it: many digits, and nobody's


def masked_address(url: str, optional: Collection[str] = USUAL) -> str:
    """The address without user and password. A part of it that holds something personal, quoted or not, is `***`, and
    where only several parts together do, all behind the host is."""
    if "door" not in optional and is_plain(url):
        return url
    found = _ADDRESS.fullmatch(url)
    if found is None:
        return mask(url, optional)
    scheme, host, rest = found.groups()
    shown = _DATED.sub("/", host + rest)
    if ("door" not in optional and is_plain(shown)) or not _is_personal(shown, optional):
        return scheme + host + rest
    return scheme + _masked(host, optional) + _masked(rest, optional)


def _masked(text: str, optional: Collection[str]) -> str:
    if not _is_personal(text, optional):
        return text
    parts = [MASK if _is_personal(part, optional) else part for part in _PARTS.split(text)]
    masked = "".join(parts)
    return f"{text[:1]}{MASK}" if _is_personal(masked, optional) else masked


def _is_personal(text: str, optional: Collection[str]) -> bool:
    for _ in range(_TIMES_QUOTED):
        if mask(text, optional) != text:
            return True
        plain = unquote_plus(text)
        if plain == text:
            return False
        text = plain
    return mask(text, optional) != text
