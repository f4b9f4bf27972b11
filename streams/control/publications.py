"""Publications 发布: which city pack is in force, since when, by whom, and why; all changes there ever were; and what
is announced 预告 for an hour to come.

Keys of the control topic: `pack/first` is the digest of the pack that partitions begin with, `pack/active` the
publication in force, `pack/changes/<number>` each one there ever was, `pack/announcements/<number>` what was announced
and how that ended. A publication is one transaction: these records, and in each partition of the inbox a record from
which on its pack decides. So whoever reads of it on the control topic knows that all that is written to the inbox from
then on comes behind that record. What is announced is published so once its hour has come, by a desk.
"""

from collections.abc import Callable
from typing import Literal

import msgspec
from aiokafka import TopicPartition

from models.inbox import PackChange, encode_items
from models.masking import mask
from models.times import from_text, to_text
from streams.control.one_at_a_time import ControlError, changing
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_rows
from streams.kafka.topics import Names
from streams.settings import Settings

FIRST = "pack/first"
ACTIVE_PACK = "pack/active"
CHANGES = "pack/changes/"
ANNOUNCEMENTS = "pack/announcements/"


class Publication(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One publication: `digest` came instead of `before`. `number` counts them from 1; `at` is RFC 3339. `announced` is
    the number of the announcement that it makes true; 0: it was not announced."""

    number: int
    digest: str
    before: str
    at: str
    by: str
    action: Literal["publish", "rollback"] = "publish"
    comment: str = ""
    announced: int = 0


class Announcement(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A pack that is to come in force at `comes_at`; all times are RFC 3339. `number` counts them from 1.

    It is open until it has come in force, as the publication of the number `publication`, or was cancelled.
    """

    number: int
    digest: str
    before: str
    comes_at: str
    at: str
    by: str
    comment: str = ""
    publication: int = 0
    cancelled_at: str = ""
    cancelled_by: str = ""
    cancelled_for: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is still to come."""
        return not self.publication and not self.cancelled_at

    @property
    def due(self) -> int:
        """When it comes in force, ms UTC."""
        return from_text(self.comes_at)


class Publications(msgspec.Struct, frozen=True):
    """What the control topic says of the city's packs: the first one ("" where no desk has begun yet), and all
    publications and announcements, each in their order."""

    first: str = ""
    changes: tuple[Publication, ...] = ()
    announcements: tuple[Announcement, ...] = ()

    @property
    def active(self) -> Publication | None:
        """The publication in force; None where none was made."""
        return self.changes[-1] if self.changes else None

    def after(self, digest: str) -> tuple[str, ...]:
        """The digests of what was published over a pack since it was in force for the last time, in their order."""
        last = max((each.number for each in self.changes if each.digest == digest), default=0)
        return tuple(each.digest for each in self.changes if each.number > last)

    @property
    def announced(self) -> Announcement | None:
        """What is to come; None where nothing is announced. There is never more than one."""
        return next((each for each in self.announcements if each.is_open), None)


Decide = Callable[[Publications], Publication]
DecideAhead = Callable[[Publications], Announcement]
_decode = msgspec.json.Decoder(Publication).decode
_decode_announcement = msgspec.json.Decoder(Announcement).decode


def active_pack(value: bytes | None) -> Publication | None:
    """The value of the key `pack/active`. Raises msgspec.DecodeError when it is none."""
    return _decode(value) if value else None


def announcement(key: bytes | None, value: bytes | None) -> Announcement | None:
    """The announcement that a record of the control topic is; None for other records. Raises msgspec.DecodeError."""
    return _decode_announcement(value) if value and (key or b"").startswith(ANNOUNCEMENTS.encode()) else None


async def read_publications(settings: Settings) -> Publications:
    """All publications and announcements. Raises KafkaError."""
    rows = await read_rows(Connection.of(settings), TopicPartition(Names(settings.namespace).control, 0))
    changes = [_decode(value) for key, value in rows.items() if key.startswith(CHANGES)]
    announcements = [_decode_announcement(value) for key, value in rows.items() if key.startswith(ANNOUNCEMENTS)]
    return Publications(
        rows.get(FIRST, b"").decode(),
        tuple(sorted(changes, key=lambda each: each.number)),
        tuple(sorted(announcements, key=lambda each: each.number)),
    )


async def begin(settings: Settings, digest: str) -> str:
    """The pack that partitions begin with: this one where none was named yet. Raises KafkaError."""
    if not (first := (await read_publications(settings)).first):
        try:
            async with changing(settings, "packs") as producer:
                if not (first := (await read_publications(settings)).first):
                    async with producer.transaction():
                        topic, first = Names(settings.namespace).control, digest
                        await producer.send_and_wait(topic, digest.encode(), key=FIRST.encode(), partition=0)
        except ControlError:  # another desk begins at this moment
            return await begin(settings, digest)
    return first


async def publish(settings: Settings, decide: Decide) -> tuple[Publication, list[int]]:
    """Put in force what `decide` makes of the publications as they now are; and the offset in each partition of the
    inbox from which on it holds. What `decide` raises passes through, and nothing was changed.

    Raises ControlError when somebody else publishes at the same time, or by Kafka's clock the hour of what was
    announced has not come yet; KafkaError when the cluster fails.
    """
    names = Names(settings.namespace)
    async with changing(settings, "packs") as producer:
        now = await read_publications(settings)
        made = decide(now)
        change = encode_items((PackChange(made.digest, made.number),))
        value = msgspec.json.encode(made)
        rows = {f"{CHANGES}{made.number:08}": value, ACTIVE_PACK: value}
        due = 0
        if made.announced and now.announced is not None:
            due = now.announced.due
            rows |= _announcement_row(msgspec.structs.replace(now.announced, publication=made.number))
        async with producer.transaction():
            sent = [await producer.send(names.inbox, change, key=b"", partition=n) for n in range(settings.partitions)]
            written = [await future for future in sent]
            if any(each.timestamp < due for each in written):
                raise ControlError(f"by Kafka's clock it is not {to_text(due)} yet; nothing was changed")
            for key, row in rows.items():
                await producer.send_and_wait(names.control, row, key=key.encode(), partition=0)
    return made, [each.offset for each in written]


async def announce(settings: Settings, decide: DecideAhead) -> Announcement:
    """Write what `decide` makes of the announcements as they now are. What it raises passes through.

    Raises ControlError when somebody else publishes at the same time, KafkaError when the cluster fails.
    """
    names = Names(settings.namespace)
    async with changing(settings, "packs") as producer:
        made = decide(await read_publications(settings))
        async with producer.transaction():
            for key, row in _announcement_row(made).items():
                await producer.send_and_wait(names.control, row, key=key.encode(), partition=0)
    return made


def _announcement_row(made: Announcement) -> dict[str, bytes]:
    return {f"{ANNOUNCEMENTS}{made.number:08}": msgspec.json.encode(made)}


def published(digest: str, expected: str, at: int, by: str, comment: str = "") -> Decide:
    """Publish a pack if the one in force still is `expected`, with which it was compared; `at` is ms UTC."""

    def decide(now: Publications) -> Publication:
        _check(now, expected)
        return Publication(
            number=len(now.changes) + 1, digest=digest, before=expected, at=to_text(at), by=by, comment=mask(comment)
        )

    return decide


def rolled_back_to(digest: str, expected: str, at: int, by: str, comment: str = "") -> Decide:
    """Publish the pack again that the one in force, which must be `expected`, came instead of."""

    def decide(now: Publications) -> Publication:
        return msgspec.structs.replace(published(digest, expected, at, by, comment)(now), action="rollback")

    return decide


def announced(digest: str, expected: str, due: int, at: int, by: str, comment: str = "") -> DecideAhead:
    """Announce a pack for the hour `due`, if the one in force still is `expected`; both times are ms UTC."""

    def decide(now: Publications) -> Announcement:
        _check(now, expected)
        number, comes_at = len(now.announcements) + 1, to_text(due)
        why = mask(comment)
        return Announcement(
            number=number, digest=digest, before=expected, comes_at=comes_at, at=to_text(at), by=by, comment=why
        )

    return decide


def cancelled(at: int, by: str, comment: str = "") -> DecideAhead:
    """Take back what is announced; `at` is ms UTC."""

    def decide(now: Publications) -> Announcement:
        if now.announced is None:
            raise ControlError("nothing is announced")
        why = mask(comment)
        return msgspec.structs.replace(now.announced, cancelled_at=to_text(at), cancelled_by=by, cancelled_for=why)

    return decide


def come(number: int, at: int) -> Decide:
    """Publish what was announced under that number, as its hour has come."""

    def decide(now: Publications) -> Publication:
        wanted = now.announced
        if wanted is None or wanted.number != number:
            raise ControlError(f"announcement {number} is not open any more")
        return Publication(
            number=len(now.changes) + 1,
            digest=wanted.digest,
            before=wanted.before,
            at=to_text(at),
            by=wanted.by,
            comment=wanted.comment,
            announced=number,
        )

    return decide


def _check(now: Publications, expected: str) -> None:
    if now.announced is not None:
        coming = now.announced
        raise ControlError(f"the city pack {coming.digest} is announced for {coming.comes_at}: cancel that first")
    if now.active is not None and now.active.digest != expected:
        raise ControlError(f"the city pack in force is now {now.active.digest} and no longer {expected}: compare anew")
