"""Records that cannot be taken in, and their dead letters."""

import msgspec

from models.errors import Poison
from models.record import Record
from streams.dead_letters.letter import INTERNAL, MAX_KEPT, of_record
from streams.intake.drafts import Flaw
from streams.kafka.sending import Send
from streams.kafka.topics import Names


class Dead(msgspec.Struct, frozen=True):
    """A record that cannot be taken in, and why; with an `index` only that detection of it.

    `kept` says whether its bytes are to be kept: those of one record are not kept over and over.
    """

    record: Record
    error: str
    message: str
    field: str = ""
    rule: str = ""
    index: int | None = None
    kept: bool = True


def letter_of(dead: Dead, names: Names, stage: str, key: bytes) -> Send:
    """The dead letter of a record or of one detection in it, sealed with the city's key."""
    return of_record(
        names,
        dead.record,
        dead.error,
        dead.message,
        field=dead.field,
        rule=dead.rule,
        stage=stage,
        index=dead.index,
        keep=dead.kept,
        key=key,
    )


def dead_of(record: Record, error: Exception) -> Dead:
    """A record that cannot be taken in for this error: a breach of its contract, or a mistake of ours."""
    if isinstance(error, Poison):
        return Dead(record, error.error, str(error), error.field, error.rule)
    # The text of any other error may quote the record, and with it personal data.
    return Dead(record, INTERNAL, f"intake failed with {type(error).__name__}")


def flawed(record: Record, flaw: Flaw, before: int) -> Dead:
    """The dead letter of one detection; the bytes are kept with so many of a record's that they come to no more than
    those of one long record."""
    kept = before == 0 or (before + 1) * len(record.value or b"") <= MAX_KEPT
    return msgspec.structs.replace(dead_of(record, flaw.poison), index=flaw.index, kept=kept)
