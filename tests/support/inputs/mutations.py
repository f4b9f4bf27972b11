"""Messages broken on purpose: bytes, trees, documents, encodings, headers and records, each by its seed and number.

Most mutations know the structure of what they break, so that what comes of it is still JSON or XML and gets as far as
the contracts and the decoders of the vendors' formats; others leave nothing whole.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord

from models.envelope import CE_TIME, Event, header_map
from models.formats import FORMATS
from streams.kafka.sizes import MAX_RECORD_BYTES
from tests.support.inputs.every_field import PERSONAL, in_each_field
from tests.support.inputs.odd_values import ADDRESSES, INSTANTS, NASTY, NUMBERS, OTHER
from tests.support.messages import NOW, raw, to_structured
from tests.unit.messages.test_oddities import MESSAGES

_HEADERS = (
    "ce_id", "ce_source", "ce_type", "ce_time", "ce_specversion", "ce_subject", "content-type", "format", "camera",
    "replayed", "only", "received", "traceparent", "\udcc0", "", "CE_ID", "ce-id",
)  # fmt: skip
_PIECES = (
    b"<", b"</", b">", b"&", b"{", b"}", b"[", b"]", b",", b'"', b"\\", b"\\ud800", b"\0", b"\xff\xfe", b"\xc4",
    b"--b\r\n\r\n", b"\r\n\r\n", b"\x1f\x8b", b"NaN", b"null", b"1e999",
    b"9" * 5_000, b"<!DOCTYPE a>", b"<![CDATA[", b"]]>", b"<!--",
    b"<?xml version='1.0' encoding='x'?>", b"&#49;", b"&#0;", b"&lol;",
)  # fmt: skip
_DOCTYPE = b'<!DOCTYPE a [<!ENTITY x "13812345678"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]>'
_DEPTHS = (5, 60, 200, 1_100, 50_000)
_RAW, _AGAIN = "@raw@", "@again@"


class Input(NamedTuple):
    """A record before it is one."""

    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    topic: str = "t.reports"
    timestamp: int = NOW
    key: bytes | None = None

    def record(self, offset: int) -> ConsumerRecord:
        """As the consumer hands it over."""
        whole = raw(self.value, self.headers, self.topic, offset, self.timestamp)  # type: ignore[arg-type]
        whole.key = self.key
        return whole


def mutated(seed: int, number: int) -> Input:
    """The mutated input of this number: the same for the same seed. A mutation that leaves more than Kafka takes is
    not made."""
    chance = Random(f"{seed}/{number}")
    found = chance.choice(_good())
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        changed = chance.choice(MUTATIONS)(found, chance)
        if len(changed.value or b"") <= MAX_RECORD_BYTES:
            found = changed
    return found


@cache
def _good() -> list[Input]:
    """What is broken: a message for each field and header of each contract and format, and each format's oddest."""
    records = [record for personal in PERSONAL for record in in_each_field(personal)]
    found = [Input(record.value, tuple(record.headers), record.topic) for record in records]
    for name, text in MESSAGES.items():
        found += [Input(text.encode(), (("format", name.encode()), ("camera", b"cam-sw-1")), "t.detections")] * 20
    return found


def _of_value(change: Callable[[bytes, Random], bytes]) -> Callable[[Input, Random], Input]:
    """A mutation of the value; what has none stays."""

    def mutation(one: Input, chance: Random) -> Input:
        return one if one.value is None else one._replace(value=change(one.value, chance))

    return mutation


# Bytes


def _place(value: bytes, chance: Random) -> int:
    return chance.randrange(len(value) + 1)


def _flip(value: bytes, chance: Random) -> bytes:
    changed = bytearray(value)
    for _ in range(chance.choice((1, 1, 3, 20)) if value else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(value: bytes, chance: Random) -> bytes:
    at = _place(value, chance)
    return value[:at]


def _drop(value: bytes, chance: Random) -> bytes:
    at = _place(value, chance)
    return value[:at] + value[at + chance.randrange(1, 40) :]


def _again(value: bytes, chance: Random) -> bytes:
    at, long = _place(value, chance), chance.randrange(1, 400)
    return value[:at] + value[at : at + long] * chance.choice((2, 2, 50)) + value[at + long :]


def _piece(value: bytes, chance: Random) -> bytes:
    at = _place(value, chance)
    return value[:at] + chance.choice(_PIECES) + value[at + chance.randrange(4) :]


def _splice(value: bytes, chance: Random) -> bytes:
    other = chance.choice(_good()).value or b""
    return value[: _place(value, chance)] + other[_place(other, chance) :]


def _long(value: bytes, chance: Random) -> bytes:
    at = _place(value, chance)
    return value[:at] + _run(chance).encode() + value[at:]


def _run(chance: Random) -> str:
    """The same again and again: what a pattern that goes back and forth takes hours for."""
    piece = chance.choice(
        (" ", "\t", "1", "1 ", "a", "路", "零", "-", ":", "%", ",", ".", "/", "@", "(", "=", "_a", "①")
    )
    return piece * (chance.choice((300, 10_001, 40_000)) // len(piece))


# Encodings and wrappings

_WRITTEN: tuple[Callable[[str], bytes], ...] = (
    lambda text: text.encode("utf-16"),
    lambda text: text.encode("utf-16-be"),
    lambda text: text.encode("utf-32"),
    lambda text: text.encode("utf-8-sig"),
    lambda text: text.encode("gb18030"),
    lambda text: text.encode("latin-1", "replace"),
    lambda text: gzip.compress(text.encode(), 1),
    lambda text: gzip.compress(text.encode("utf-16"), 1)[:-9],
    lambda text: b"--b\r\n\r\n" + text.encode() + b"\r\n--b\r\n\r\n" + text.encode() + b"\r\n--b--",
    lambda text: b"POST /alarm HTTP/1.1\r\nHost: a\r\n\r\n" + text.encode(),
    lambda text: b"\0\0" + text.encode() + b"\0\0\xff",
    lambda text: json.dumps(text).encode(),
)


def _written(value: bytes, chance: Random) -> bytes:
    return chance.choice(_WRITTEN)(value.decode(errors="replace"))


def _spelt(value: bytes, chance: Random) -> bytes:
    """What is personal in it spelt otherwise: full width, escaped, with something between."""
    text = value.decode(errors="replace")
    spell: Callable[[str], str] = chance.choice(
        (
            lambda char: chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char,
            lambda char: f"\\u{ord(char):04x}",
            lambda char: f"&#{ord(char)};",
            lambda char: f"{char}\u200b",
            lambda char: "".join(f"%{byte:02X}" for byte in char.encode()),
        )
    )
    for personal in PERSONAL:
        text = text.replace(personal, "".join(map(spell, personal)))
    return text.encode()


def _number(value: bytes, chance: Random) -> bytes:
    """Texts that hold digits alone as numbers, numbers as texts."""
    if chance.random() < 0.5:
        return re.sub(rb'"[^"]*?(\d{5,18})"', rb"\1", value)
    return re.sub(rb"([:,\[] ?)(-?\d[\d.]*)", rb'\1"\2"', value)


# Trees of JSON


class _Node(NamedTuple):
    """A place in a tree: what holds it, and under which key or index."""

    holder: Any
    key: Any


def _nodes(tree: Any) -> Iterator[_Node]:
    """Every place below, each before those within it. However deep it is, one costs what another does."""
    within = [_children(tree)]
    while within:
        for node in within[-1]:
            yield node
            within.append(_children(node.holder[node.key]))
            break
        else:
            within.pop()


def _children(tree: Any) -> Iterator[_Node]:
    keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    return (_Node(tree, key) for key in keys)


def _of_tree(change: Callable[[list[_Node], Random], str]) -> Callable[[Input, Random], Input]:
    """A mutation of a JSON value, anything else stays: `change` alters the tree and says what, as JSON or as a key, is
    to stand in it for a mark."""

    def mutation(value: bytes, chance: Random) -> bytes:
        try:
            tree = json.loads(value)
            nodes = list(_nodes(tree))
        except (ValueError, RecursionError):
            return value
        if not nodes:
            return value
        instead = change(nodes, chance)
        try:
            text = json.dumps(tree, ensure_ascii=chance.random() < 0.3)
        except RecursionError:
            return value
        text = text.replace(f'"{_RAW}"', instead).replace(_AGAIN, instead)
        return text.encode(errors=chance.choice(("surrogatepass", "replace")))

    return _of_value(mutation)


def _odd(nodes: list[_Node], chance: Random) -> str:
    at = chance.choice(nodes)
    at.holder[at.key] = _RAW
    depth = chance.choice(_DEPTHS)
    odd = (
        *(NUMBERS, NUMBERS, OTHER, [json.dumps(text) for text in (*NASTY, *ADDRESSES, *INSTANTS)]),
        ["[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth, "[" * depth],
        [f"{personal}" for personal in PERSONAL[:2]],
    )
    return chance.choice(chance.choice(odd))


def _swap(nodes: list[_Node], chance: Random) -> str:
    one, other = chance.choice(nodes), chance.choice(nodes)
    first, second = one.holder[one.key], other.holder[other.key]
    if one.holder is other.holder or not any(part in (first, second) for part in (one.holder, other.holder)):
        one.holder[one.key], other.holder[other.key] = json.loads(json.dumps(second)), json.loads(json.dumps(first))
    return ""


def _rename(nodes: list[_Node], chance: Random) -> str:
    at = chance.choice(nodes)
    if isinstance(at.holder, dict):
        value = at.holder.pop(at.key)
        at.holder[chance.choice(("x", at.key.upper(), f"{at.key} ", "\0", chance.choice(nodes).key))] = value
    return ""


def _remove(nodes: list[_Node], chance: Random) -> str:
    at = chance.choice(nodes)
    del at.holder[at.key]
    return ""


def _twice(nodes: list[_Node], chance: Random) -> str:
    """A key that is said twice, with another value."""
    at = chance.choice([node for node in nodes if isinstance(node.holder, dict)] or nodes)
    if isinstance(at.holder, dict):
        other = chance.choice(nodes)
        at.holder[_AGAIN] = chance.choice((None, {}, [], chance.choice(PERSONAL), json.dumps(other.key)))
    return str(at.key)


def _blown(nodes: list[_Node], chance: Random) -> str:
    """A text with a long run in it."""
    at = chance.choice([node for node in nodes if isinstance(node.holder[node.key], str)] or nodes)
    text = str(at.holder[at.key])
    place = chance.randrange(len(text) + 1)
    at.holder[at.key] = text[:place] + _run(chance) + text[place:]
    return ""


def _many(nodes: list[_Node], chance: Random) -> str:
    at = chance.choice(nodes)
    at.holder[at.key] = [at.holder[at.key]] * chance.choice((2, 3, 21, 1_001))
    return ""


# Documents of XML

_TEXT = re.compile(rb">([^<]+)<|=\"([^\"]*)\"")
_ELEMENT = re.compile(rb"<(\w[\w:.-]*)[^<>]*>[^<>]*</\1>")


def _of_document(change: Callable[[bytes, Random], bytes]) -> Callable[[Input, Random], Input]:
    """A mutation of a document; anything else stays."""
    return _of_value(lambda value, chance: change(value, chance) if b"<" in value[:200] else value)


def _text(value: bytes, chance: Random) -> bytes:
    """A text or attribute with something odd, another one's, or one with a long run in it."""
    found = list(_TEXT.finditer(value))
    if not found:
        return value
    at, other = chance.choice(found), chance.choice(found)
    group = 1 if at[1] is not None else 2
    old, odd = at[group], chance.choice((*NASTY, *NUMBERS, *INSTANTS)).encode(errors="surrogatepass")
    new = chance.choice((other[1] or other[2] or b"", odd))
    if chance.random() < 0.1:
        place = _place(old, chance)
        new = old[:place] + _run(chance).encode() + old[place:]
    return value[: at.start(group)] + new + value[at.end(group) :]


def _element(value: bytes, chance: Random) -> bytes:
    """An element again and again, or none, or deep in itself."""
    found = list(_ELEMENT.finditer(value))
    if not found:
        return value
    at, depth = chance.choice(found), chance.choice(_DEPTHS)
    new = chance.choice((b"", at[0] * 2, at[0] * 1_001, b"<a>" * depth + at[0] + b"</a>" * depth, b"<a>" * depth))
    return value[: at.start()] + new + value[at.end() :]


def _declared(value: bytes, chance: Random) -> bytes:
    """With another declaration, and perhaps entities that stand for a number of somebody's."""
    body = re.sub(rb"<\?xml.*?\?>", b"", value)
    encoding = chance.choice((b"UTF-8", b"GB2312", b"utf-16", b"latin-1", b"x", b"utf-7", b"base64", b"idna"))
    doctype = chance.choice((b"", _DOCTYPE))
    found = list(_TEXT.finditer(body))
    if doctype and found:
        at = chance.choice(found)
        body = body[: at.start() + 1] + b"&x;&y;" + body[at.start() + 1 :]
    return b'<?xml version="1.0" encoding="' + encoding + b'"?>' + doctype + body


# Headers and records


def _header(one: Input, chance: Random) -> Input:
    """A header with another value, one more, one less, or one that is too long."""
    headers = list(one.headers)
    texts = (*NASTY, *INSTANTS, *FORMATS, *PERSONAL, "cam-sw-1", "0", "1", "9" * 30, "-1", "a" * 70_000)
    value = chance.choice(texts).encode(errors="surrogatepass")
    new = (chance.choice(_HEADERS), chance.choice((value, value, b"\xff\xc0", b"", None)))
    if chance.random() < 0.3 and headers:
        del headers[chance.randrange(len(headers))]
    elif chance.random() < 0.5 and headers:
        at = chance.randrange(len(headers))
        headers[at] = (headers[at][0], new[1])
    else:
        headers.insert(chance.randrange(len(headers) + 1), new)
    return one._replace(headers=tuple(headers))


def _many_headers(one: Input, chance: Random) -> Input:
    more = tuple((f"h{number}", b"13812345678") for number in range(chance.choice((20, 3_000))))
    return one._replace(headers=(*one.headers, *more))


def _format(one: Input, chance: Random) -> Input:
    """As another vendor's bytes, or as a CloudEvent."""
    rest = tuple(header for header in one.headers if header[0] != "format")
    return one._replace(headers=(*rest, ("format", chance.choice((*FORMATS, "x")).encode())))


def _structured(one: Input, chance: Random) -> Input:
    """A CloudEvent in structured mode: attributes and data in one object, which others then break."""
    headers = header_map(one.headers)  # type: ignore[arg-type]
    said = {name: value.decode(errors="replace") for name, value in headers.items()}
    kind = chance.choice(("application/json", "application/octet-stream"))
    value = one.value if one.value is not None else b"null"
    event = Event(said.get("ce_id", "e"), said.get("ce_source", "s"), said.get("ce_type", "t"), value, NOW, "", kind)
    some, value = to_structured(event)
    return one._replace(headers=tuple(some), value=value)


def _record(one: Input, chance: Random) -> Input:
    """A tombstone, an empty value, another timestamp or topic, a key with a number of somebody's."""
    return chance.choice(
        (
            one._replace(value=None),
            one._replace(value=b""),
            one._replace(timestamp=chance.choice((-1, 0, NOW + 60_000, NOW - 86_400_000, 2**62))),
            one._replace(topic=chance.choice(("t.reports", "t.detections", "t.updates", "t.updates.roads"))),
            one._replace(key=chance.choice((b"", PERSONAL[0].encode(), b"\xff" * 300))),
            one._replace(headers=tuple(header for header in one.headers if header[0] != CE_TIME)),
        )
    )


def _seldom(mutation: Callable[[Input, Random], Input]) -> Callable[[Input, Random], Input]:
    """One that takes as long as hundreds of others."""
    return lambda one, chance: mutation(one, chance) if chance.random() < 0.1 else one


MUTATIONS: tuple[Callable[[Input, Random], Input], ...] = (
    *map(_of_value, (_flip, _cut, _drop, _again, _piece, _splice, _written, _spelt, _number)),
    *map(_of_tree, (_odd, _odd, _odd, _swap, _rename, _remove, _twice, _many)),
    *map(_of_document, (_text, _text, _element, _declared)),
    *(_header, _header, _format, _structured, _record),
    *map(_seldom, (_of_value(_long), _of_tree(_blown))),
    _seldom(_many_headers),
    _record,
)
