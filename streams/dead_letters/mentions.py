"""Whose dead letters are: what could not be taken in holds what somebody wrote as well."""

from collections.abc import Iterator

import msgspec

from models.errors import PaidanError
from models.events import DeadLetter
from models.redact import reporter_hash
from streams.dead_letters.letter import opened

_LONGEST_NAME = 256


def mentions(letter: DeadLetter, key: bytes, order_id: str, reporter: str, report: tuple[str, str] | None) -> bool:
    """Whether it is of this report (source and id, as pseudonyms), or holds the id of this order, or somewhere an id or
    a phone number of the reporter with this hash. Empty: nobody is asked for. What is no JSON is nobody's."""
    if report is not None and (letter.event_source, letter.event_id) == report:
        return True
    try:
        value = msgspec.json.decode(opened(letter, key).original_value or b"null")
    except (PaidanError, msgspec.DecodeError, RecursionError):
        return False
    names = (text for text in _texts(value) if len(text) <= _LONGEST_NAME)
    return any((order_id and text == order_id) or (reporter and reporter_hash(key, text) == reporter) for text in names)


def _texts(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
