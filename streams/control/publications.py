"""Publications 发布: which city pack is in force, since when, by whom, and why; all changes there ever were.

Keys of the control topic: `pack/first` is the digest of the pack that partitions begin with, `pack/active` the
publication in force, `pack/changes/<number>` each one there ever was. A publication is one transaction: these records,
and in each partition of the inbox a record from which on its pack decides. So whoever reads of it on the control topic
knows that all that is written to the inbox from then on comes behind that record.
"""

from collections.abc import Callable
from typing import Literal

import msgspec
from aiokafka import TopicPartition

from models.inbox import PackChange, encode_items
from models.times import to_text
from streams.control.one_at_a_time import ControlError, changing
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_changelogs
from streams.kafka.topics import Names
from streams.settings import Settings

FIRST = "pack/first"
ACTIVE_PACK = "pack/active"
CHANGES = "pack/changes/"


class Publication(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One publication: `digest` came instead of `before`. `number` counts them from 1; `at` is RFC 3339."""

    number: int
    digest: str
    before: str
    at: str
    by: str
    action: Literal["publish", "rollback"] = "publish"
    comment: str = ""


class Publications(msgspec.Struct, frozen=True):
    """What the control topic says of the city's packs: the first one ("" where no desk has begun yet), and all
    publications in their order."""

    first: str = ""
    changes: tuple[Publication, ...] = ()

    @property
    def active(self) -> Publication | None:
        """The publication in force; None where none was made."""
        return self.changes[-1] if self.changes else None


Decide = Callable[[Publications], Publication]
_decode = msgspec.json.Decoder(Publication).decode


def active_pack(value: bytes | None) -> Publication | None:
    """The value of the key `pack/active`. Raises msgspec.DecodeError when it is none."""
    return _decode(value) if value else None


async def read_publications(settings: Settings) -> Publications:
    """All publications. Raises KafkaError."""
    topic = Names(settings.namespace).control
    found, _ = await read_changelogs(Connection.of(settings), [TopicPartition(topic, 0)])
    assert found is not None
    rows = dict(found[topic])
    changes = [_decode(value) for key, value in rows.items() if key.startswith(CHANGES)]
    return Publications(rows.get(FIRST, b"").decode(), tuple(sorted(changes, key=lambda each: each.number)))


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

    Raises ControlError when somebody else publishes at the same time, KafkaError when the cluster fails.
    """
    names = Names(settings.namespace)
    async with changing(settings, "packs") as producer:
        made = decide(await read_publications(settings))
        change = encode_items((PackChange(made.digest, made.number),))
        async with producer.transaction():
            sent = [await producer.send(names.inbox, change, key=b"", partition=n) for n in range(settings.partitions)]
            offsets = [(await future).offset for future in sent]
            value = msgspec.json.encode(made)
            for key in (f"{CHANGES}{made.number:08}", ACTIVE_PACK):
                await producer.send_and_wait(names.control, value, key=key.encode(), partition=0)
    return made, offsets


def published(digest: str, expected: str, at: int, by: str, comment: str = "") -> Decide:
    """Publish a pack if the one in force still is `expected`, with which it was compared; `at` is ms UTC."""

    def decide(now: Publications) -> Publication:
        _check(now, expected)
        return Publication(
            number=len(now.changes) + 1, digest=digest, before=expected, at=to_text(at), by=by, comment=comment
        )

    return decide


def rolled_back_to(digest: str, expected: str, at: int, by: str, comment: str = "") -> Decide:
    """Publish the pack again that the one in force, which must be `expected`, came instead of."""

    def decide(now: Publications) -> Publication:
        return msgspec.structs.replace(published(digest, expected, at, by, comment)(now), action="rollback")

    return decide


def _check(now: Publications, expected: str) -> None:
    if now.active is not None and now.active.digest != expected:
        raise ControlError(f"the city pack in force is now {now.active.digest} and no longer {expected}: compare anew")
