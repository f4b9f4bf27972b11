"""Looking into the dead letters and sending what was mended, or can be taken in now, back to where it came from."""

from collections.abc import AsyncIterator, Collection
from typing import NamedTuple

import msgspec
from aiokafka import TopicPartition

from models.envelope import header_map
from models.events import DeadLetter
from streams.dead_letters.letter import (
    ONLY,
    RECEIVED,
    REPLAYED,
    WEBHOOK_ERRORS,
    DeadLetterError,
    decode_dead_letter,
    opened,
    under_own_name,
)
from streams.kafka.clients import log_reader, started, writer
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_to
from streams.kafka.topics import Names


class Numbered(NamedTuple):
    """A dead letter under its number: its offset in the only partition of its topic."""

    number: int
    letter: DeadLetter


async def read_dead_letters(connection: Connection, names: Names, first: int = 0) -> AsyncIterator[Numbered]:
    """All dead letters there are now, oldest first, from number `first` on. Raises KafkaError."""
    part = TopicPartition(names.dead_letters, 0)
    async with started(log_reader(connection)) as consumer:
        consumer.assign([part])
        end = (await consumer.end_offsets([part]))[part]
        begin = (await consumer.beginning_offsets([part]))[part]
        consumer.seek(part, min(max(first, begin), end))
        async for _, records in read_to(consumer, {part: end}):
            for record in records:
                yield Numbered(record.offset, _decoded(record.offset, record.value))


async def find(connection: Connection, names: Names, numbers: Collection[int]) -> list[Numbered]:
    """The dead letters with these numbers, oldest first. Raises DeadLetterError when one is not there."""
    wanted = set(numbers)
    found = []
    if wanted:
        async for each in read_dead_letters(connection, names, min(wanted)):
            if each.number in wanted:
                found.append(each)
            if each.number >= max(wanted):
                break
    if missing := sorted(wanted - {each.number for each in found}):
        raise DeadLetterError(f"there is no dead letter {', '.join(map(str, missing))}")
    return found


async def replay(connection: Connection, names: Names, letters: Collection[Numbered], key: bytes) -> int:
    """Send the original bytes and headers of each to its original topic; how many.

    What a webhook did not take is sent to it again in this way. Two headers are added: `replayed` with the dead
    letter's number, `received` with the time at which the record first came in, to which its age counts. Of a message
    with several detections a third one, `only`, names the one that the letter is about. A report under the name of
    another one gets its own. Nothing is sent unless all can be. Raises DeadLetterError when the bytes of one were too
    long to be kept or sealed under another `key`, or it came from a file.
    """
    decided = {names.inbox, names.urgent}
    topics = {names.reports, names.detections, names.updates, names.units, names.above, *decided}
    topics |= {each.letter.topic for each in letters if names.department_of(each.letter.topic)}
    topics |= {each.letter.topic for each in letters if each.letter.error in WEBHOOK_ERRORS}
    _refuse("it was too long to be kept", [each.number for each in letters if not _whole(each.letter)])
    _refuse("it came from no topic of ours", [each.number for each in letters if each.letter.topic not in topics])
    whole = [(each.number, opened(each.letter, key)) for each in letters]
    async with started(writer(connection)) as producer:
        for number, letter in whole:
            given = header_map(letter.original_headers)
            first = given[RECEIVED] if {REPLAYED, RECEIVED} <= given.keys() else letter.at.encode()
            headers = [header for header in letter.original_headers if header[0].lower() not in (REPLAYED, RECEIVED)]
            headers += [(REPLAYED, str(number).encode()), (RECEIVED, first)]
            if letter.index is not None and letter.topic not in decided:
                headers.append((ONLY, str(letter.index).encode()))
            value, own = under_own_name(letter), letter.original_key
            own = b"" if value is None and own is None else own  # the client wants one of them
            await producer.send_and_wait(letter.topic, value, key=own, headers=headers)
    return len(letters)


def _refuse(reason: str, numbers: Collection[int]) -> None:
    if numbers:
        raise DeadLetterError(f"dead letter {', '.join(map(str, numbers))} cannot be replayed: {reason}")


def _whole(letter: DeadLetter) -> bool:
    return letter.value_sha256 is None and not letter.headers_cut


def _decoded(number: int, value: bytes) -> DeadLetter:
    try:
        return decode_dead_letter(value)
    except msgspec.DecodeError as error:
        raise DeadLetterError(f"record {number} of the dead letters is none: {error}") from error
