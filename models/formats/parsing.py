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
# What devices write into JSON that is none: backslashes as they are, and a comma behind the last of several.
_ESCAPE = re.compile(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4})?')
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")

_DECLARATION = re.compile(rb"\s*(?:<\?xml[^>]{0,200}\?>\s*)+")
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([A-Za-z0-9._-]+)""")
# Taken at its word where the bytes are no UTF-8; any other is declared for GB 18030 as well.
_DECLARED = re.compile(
    r"iso-8859-\d{1,2}|latin-?1|windows-125\d|cp125\d|big5(?:-hkscs)?|shift_jis|euc-(?:jp|kr)|koi8-[ru]"
)
_ROOT = re.compile(rb"<(?:\?xml|[A-Za-z_])")
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\r")
# What devices write into XML that is not well-formed: characters that no document may have, ampersands and signs of
# "less than" as they are, prefixes that were bound further out.
_REPAIRS = (
    (re.compile(rb"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]));"), b""),
    (re.compile(rb"&(?!#\d{1,7};|#x[0-9A-Fa-f]{1,6};|(?:amp|lt|gt|quot|apos);)"), b"&amp;"),
    (re.compile(rb"<(?![A-Za-z_/!?])"), b"&lt;"),
    (re.compile(rb"(</?)[\w.-]+:(?=[\w])"), rb"\1"),
    (re.compile(rb"(\s)[\w.-]+:(?=[\w.-]+\s*=)"), rb"\1"),
)


def json_messages(value: bytes) -> Iterator[dict[str, Any] | Poison]:
    """The objects of a JSON document: itself, those of a list, or of several values one after the other (JSON lines).

    `NaN` and control characters are put up with, and what comes after the last value. In the place of a line that
    cannot be read is what is wrong with it. Raises Poison when nothing can be read.
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
    at = _skip(text, 0)
    if (first := _value(text, at)) is None:
        text = _TRAILING_COMMA.sub(r"\1", _ESCAPE.sub(lambda found: found[0] if found[1] else r"\\", text))
        at = _skip(text, 0)
        first = _value(text, at)
    if first is None:
        rest = list(_lines(text[at:]))
        if all(each is None for each in rest):
            raise Poison("data", "must be one JSON object", "not-json")
        yield from rest
        return
    value = first
    while True:
        found, end = value
        yield from found if isinstance(found, list) else [found]
        at = _skip(text, end)
        if (following := _value(text, at)) is None:
            yield from _lines(text[at:])
            return
        value = following


def _lines(text: str) -> Iterator[object]:
    """What lines say, each read by itself, from one on that cannot be read: in its place None, and for each further one
    that begins a value and cannot be read either. Nothing where no value begins."""
    lines = text.split("\n")
    begun = [line for line in lines if line.startswith(("{", "["))]
    if begun and begun[0] is not lines[0]:
        yield None
    for line in begun:
        value = _value(line, 0)
        if value is None:
            yield None
        else:
            yield from value[0] if isinstance(value[0], list) else [value[0]]


def _value(text: str, at: int) -> tuple[object, int] | None:
    """The object or list that begins here, and where it ends; None when it cannot be read, or is something else."""
    if text[at : at + 1] not in ("{", "["):
        return None
    try:
        return _lenient.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None


def _skip(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at


def _text(value: bytes, declared: str = "") -> str:
    """The text of bytes; what is of no encoding, such as half a character where a device has cut it, is replaced."""
    utf_8, *others = _ENCODINGS
    for encoding in (utf_8, declared, *others) if declared else _ENCODINGS:
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
    """The document without its declaration in UTF-8."""
    declaration = _DECLARATION.match(value)
    named = declaration and _ENCODING.search(declaration[0])
    declared = named[1].decode().lower() if named else ""
    text = value[declaration.end() :] if declaration else value
    decoded = _text(text, declared if _DECLARED.fullmatch(declared) else "")
    return decoded.encode().translate(None, _CONTROLS).strip()


def _root(value: bytes, before: int) -> tuple[Element, bytes, int]:
    """The first root, what comes behind it, and the count of elements with its own. Raises Poison."""
    try:
        return _parsed(value, before)
    except ParseError:
        pass
    repaired = _without_comments(value)
    for wrong, right in _REPAIRS:
        repaired = wrong.sub(right, repaired)
    try:
        return _parsed(repaired, before)
    except ParseError:
        raise Poison("data", "must be one well-formed XML document", "not-xml") from None


def _without_comments(value: bytes) -> bytes:
    """Comments of devices hold what a comment must not, two hyphens in a row."""
    kept, at = [], 0
    while (start := value.find(b"<!--", at)) >= 0 and (end := value.find(b"-->", start)) >= 0:
        kept.append(value[at:start])
        at = end + len(b"-->")
    return b"".join((*kept, value[at:]))


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
