"""The models in force, as the control topic says: who is active, who is the shadow, who was active before, and why.

Keys: `model/active`, `model/shadow`, `model/previous`, and `model/changes/<instant>` for each change ever made. A
change is one transaction, and only one can be under way: a second one begun in the meantime ends the first.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from models.city import City
from models.classifier import Classifier
from models.errors import UsageError
from models.masking import mask
from models.times import to_text
from streams.control.models_in_force import ACTIVE, SHADOW, load_first, load_named
from streams.control.one_at_a_time import ControlError, changing
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_rows
from streams.kafka.topics import Names, TopicError, check_shared
from streams.settings import Settings

PREVIOUS = "model/previous"
CHANGES = "model/changes/"
# Stands for the model that workers start with: the one of the settings, or the shipped one.
INITIAL = "initial"
# A cluster that is there answers at once; whoever has none waits no longer than this.
_REACH_SECONDS = 5.0

log = logging.getLogger(__name__)


class Change(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One change: `model` came instead of `before`. `forced` says why, where the judgement was overruled; `refusals`
    what it had said. `orders` were compared, `gain` is candidate minus active accuracy on them."""

    at: str
    action: str
    model: str
    before: str
    forced: str = ""
    refusals: tuple[str, ...] = ()
    orders: int = 0
    gain: float | None = None


class Pointers(msgspec.Struct, frozen=True):
    """Ids by role. `active` may be `INITIAL`; `shadow` and `previous` may be empty."""

    active: str
    shadow: str
    previous: str
    changes: tuple[Change, ...] = ()


Records = Mapping[str, bytes | None]


async def read_pointers(settings: Settings) -> Pointers:
    """What is in force. Raises TopicError without a control topic, KafkaError when the cluster fails."""
    topic = Names(settings.namespace).control
    await check_shared(settings, topic)
    rows = await read_rows(Connection.of(settings), TopicPartition(topic, 0))
    changes = [msgspec.json.decode(value, type=Change) for key, value in rows.items() if key.startswith(CHANGES)]
    return Pointers(
        active=rows.get(ACTIVE, b"").decode() or INITIAL,
        shadow=rows.get(SHADOW, b"").decode(),
        previous=rows.get(PREVIOUS, b"").decode(),
        changes=tuple(sorted(changes, key=lambda change: change.at)),
    )


async def in_force(settings: Settings, city: City) -> Classifier | None:
    """The classifier of every worker: the one that was promoted where the cluster can be reached and says so, else that
    of the settings or the shipped one; None, with a warning, where there is none. Raises ClassifierError when the one
    that was promoted cannot be loaded.
    """
    try:
        async with asyncio.timeout(_REACH_SECONDS):
            active = (await read_pointers(settings)).active
    except (KafkaError, TopicError, UsageError, TimeoutError) as error:
        log.info("no cluster says which model is in force: %s", error)
        active = INITIAL
    return load_first(settings, city) if active == INITIAL else load_named(settings, city, active)


async def change(settings: Settings, decide: Callable[[Pointers], Records]) -> None:
    """Write what `decide` makes of the pointers as they now are, all or nothing. What `decide` raises passes through.

    Raises ControlError when somebody else changes them at the same time, KafkaError when the cluster fails.
    """
    async with changing(settings, "models") as producer:
        records = decide(await read_pointers(settings))
        async with producer.transaction():
            for key, value in records.items():
                topic = Names(settings.namespace).control
                await producer.send_and_wait(topic, value, key=key.encode(), partition=0)


def shadowed(name: str, at: int) -> Callable[[Pointers], Records]:
    """Let a model run beside the active one; an empty name ends that."""

    def decide(now: Pointers) -> Records:
        if name and name == now.active:
            raise ControlError(f"the model {name} is the active one: it cannot be its own shadow")
        return {SHADOW: name.encode() or None, **_recorded(at, action="shadow", model=name, before=now.shadow)}

    return decide


def promoted(name: str, expected: str, at: int, **record: object) -> Callable[[Pointers], Records]:
    """Make a model the active one, if the active one still is what the candidate was judged against."""

    def decide(now: Pointers) -> Records:
        if now.active != expected:
            raise ControlError(f"the active model is now {now.active} and no longer {expected}: compare anew")
        records: dict[str, bytes | None] = {ACTIVE: name.encode(), PREVIOUS: now.active.encode()}
        if now.shadow == name:
            records[SHADOW] = None
        return records | _recorded(at, action="promote", model=name, before=now.active, **record)

    return decide


def rolled_back(name: str, at: int, reason: str = "") -> Callable[[Pointers], Records]:
    """Make the previous model, which must be `name`, the active one again; the one that goes is now the previous."""

    def decide(now: Pointers) -> Records:
        if now.previous != name:
            raise ControlError(f"the previous model is now {now.previous or 'none'} and no longer {name}")
        records: dict[str, bytes | None] = {
            ACTIVE: None if name == INITIAL else name.encode(),
            PREVIOUS: now.active.encode(),
        }
        if now.shadow == name:
            records[SHADOW] = None
        return records | _recorded(at, action="rollback", model=name, before=now.active, forced=reason)

    return decide


def _recorded(at: int, **fields: object) -> dict[str, bytes | None]:
    entry = msgspec.convert({"at": to_text(at), **fields}, Change)
    entry = msgspec.structs.replace(entry, forced=mask(entry.forced))
    return {f"{CHANGES}{entry.at}": msgspec.json.encode(entry)}
