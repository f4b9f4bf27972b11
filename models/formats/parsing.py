"""A document's bytes as messages: JSON objects or XML roots, one after the other, each by itself good or bad.

Text is told by its bytes, whatever is declared: UTF-8, and what is none is GB 18030 (of which GB 2312, the default of
GB/T 28181, is a part).
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from models.errors import Poison
from models.formats.reading import MAX_READINGS, TOO_COMPLEX, too_many

MAX_ELEMENTS = 20_000
MAX_DEPTH = 100
MAX_TAG = 65_536

_ENCODINGS = ("utf-8", "gb18030")

_json = msgspec.json.Decoder()
_lenient = json.JSONDecoder(strict=False)
_BETWEEN = re.compile("[\\s,\0\x1e\ufeff]*")
# Half of a pair, which no text can hold.
_LONE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)

_DECLARATION = re.compile(rb"\s*<\?xml[^>]{0,200}\?>\s*")
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([A-Za-z0-9._-]+)""")
# Declared for one another: the bytes tell which it is.
_TOLD_BY_BYTES = ("utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "utf-32", "gb2312", "gbk", "gb18030", "us-ascii")
_ROOT = re.compile(rb"<(?:\?xml|[A-Za-z_])")
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\r")
# What devices write into XML that is not well-formed: ampersands as they are, prefixes that were bound further out.
_REPAIRS = (
    (re.compile(rb"&(?!#\d{1,7};|#x[0-9A-Fa-f]{1,6};|(?:amp|lt|gt|quot|apos);)"), b"&amp;"),
    (re.compile(rb"(</?)[\w.-]+:(?=[\w])"), rb"\1"),
    (re.compile(rb"(\s)[\w.-]+:(?=[\w.-]+\s*=)"), rb"\1"),
)


def json_messages(value: bytes) -> Iterator[dict[str, Any] | Poison]:
    """The objects of a JSON document: itself, those of a list, or of several values one after the other (JSON lines).

    `NaN` and control characters are put up with, and what comes after a whole value and is no further one. Raises
    Poison when not even the first value can be read.
    """
    for n, each in enumerate(_values(value)):
        if n == MAX_READINGS:
            raise too_many()
        yield each if isinstance(each, dict) else Poison("data", "must be one JSON object", "not-json")


def _values(value: bytes) -> Iterator[object]:
    try:
        whole = _json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield from _one_by_one(_text(value))
        return
    yield from whole if isinstance(whole, list) else [whole]


def _one_by_one(text: str) -> Iterator[object]:
    text = _LONE.sub(r"\\ufffd", text)
    begun = False
    at = _skip(text, 0)
    while text[at : at + 1] in ("{", "["):
        try:
            found, end = _lenient.raw_decode(text, at)
        except (ValueError, RecursionError):
            if begun:
                yield None
                return
            break
        yield from found if isinstance(found, list) else [found]
        begun, at = True, _skip(text, end)
    if not begun:
        raise Poison("data", "must be one JSON object", "not-json")


def _skip(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at


def _text(value: bytes) -> str:
    """The text of bytes; what is of no encoding, such as half a character where a device has cut it, is replaced."""
    for encoding in _ENCODINGS:
        try:
            return value.decode(encoding)
        except UnicodeDecodeError:
            continue
    return min((value.decode(encoding, "replace") for encoding in _ENCODINGS), key=lambda text: text.count("\ufffd"))


class _Bounded(TreeBuilder):
    """Builds the tree of an XML document that is neither too deep nor, after `before` other elements, too large; it is
    `whole` when its root has ended."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self._depth, self.count = 0, before
        self.whole = False

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self.count += 1 + len(attrs)
        if self._depth > MAX_DEPTH:
            raise Poison("data", f"must be nested at most {MAX_DEPTH} deep", TOO_COMPLEX)
        if self.count > MAX_ELEMENTS:
            raise Poison("data", f"must hold at most {MAX_ELEMENTS} elements and attributes", TOO_COMPLEX)
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        self.whole = self._depth == 0
        return super().end(tag)


def xml_messages(value: bytes) -> Iterator[Element | Poison]:
    """The roots of an XML document: its own, and those of further ones behind it; other things behind it are junk.

    Raises Poison when not even the first can be read, also for entities, DTDs and what is too deep or too large.
    """
    rest, count, found, certain = _in_utf_8(value), 0, 0, True
    while True:
        try:
            root, rest, count = _root(rest, count)
        except Poison as poison:
            if not found or poison.error == TOO_COMPLEX:
                raise
            if certain:
                yield poison
            return
        if found == MAX_READINGS:
            raise too_many()
        found += 1
        yield root
        rest = rest.strip()
        if (start := _ROOT.search(rest)) is None:
            return
        certain, rest = start.start() == 0, rest[start.start() :]
        if (declared := _DECLARATION.match(rest)) is not None:
            rest = rest[declared.end() :]


def _in_utf_8(value: bytes) -> bytes:
    """The document without its declaration in UTF-8, or as it is where its declaration alone says how it is encoded."""
    declaration = _DECLARATION.match(value)
    named = declaration and _ENCODING.search(declaration[0])
    if named and named[1].decode().lower() not in _TOLD_BY_BYTES:
        return value
    text = value[declaration.end() :] if declaration else value
    return _text(text).encode().translate(None, _CONTROLS).strip()


def _root(value: bytes, before: int) -> tuple[Element, bytes, int]:
    """The first root, what comes behind it, and the count of elements with its own. Raises Poison."""
    try:
        return _parsed(value, before)
    except ParseError:
        pass
    repaired = value
    for wrong, right in _REPAIRS:
        repaired = wrong.sub(right, repaired)
    try:
        return _parsed(repaired, before)
    except ParseError:
        raise Poison("data", "must be one well-formed XML document", "not-xml") from None


def _parsed(value: bytes, before: int) -> tuple[Element, bytes, int]:
    target = _Bounded(before)
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    try:
        for begin in range(0, len(value), MAX_TAG):
            parser.feed(value[begin : begin + MAX_TAG])
            # A tag's attributes are told together, and take the longer the more.
            if begin > parser.parser.CurrentByteIndex:
                raise Poison("data", f"must have tags of at most {MAX_TAG} characters", TOO_COMPLEX)
        root: Element = parser.close()
    except DefusedXmlException:
        raise Poison("data", "must be XML without DTD and entities", "not-xml") from None
    except ParseError:
        if not target.whole:
            raise
        return target.close(), value[parser.parser.ErrorByteIndex :], target.count
    except (ValueError, LookupError, RecursionError):
        raise Poison("data", "must be one well-formed XML document", "not-xml") from None
    return root, b"", target.count
