"""Destroying keys: words and links of a report, of an order or of a person are gone, wherever copies of them lie."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec
from aiokafka import TopicPartition

from dispatcher.order import facts
from models.envelope import event_type
from models.events.vocabulary import BY_HASH
from models.sealed_words import key_names
from streams.erasure.report_keys import Erasure, open_report_keys, place_of
from streams.kafka.clients import log_reader, started, writer
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_whole
from streams.kafka.topics import Names
from streams.settings import Settings

_SEALED = b'"sealed:'


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose words: of all sightings of an order, of a reporter (the hash), or of one report (source and id)."""

    order_id: str = ""
    reporter: str = ""
    report: tuple[str, str] | None = None

    def means(self, fact: facts.Fact) -> bool:
        """Whether what is sealed in this fact of an order is theirs; a person and a name are those of reports alone."""
        if fact.order_id == self.order_id:
            return True
        seen = fact.evidence if isinstance(fact, facts.Opened | facts.EvidenceAdded) else None
        if seen is None:
            return fact.actor.role in BY_HASH and fact.actor.id == self.reporter != ""
        return seen.kind == "report" and (
            (self.reporter != "" and seen.reporter == self.reporter) or (seen.source, seen.id) == self.report
        )


async def erase(settings: Settings, whose: Whose, erasure: Erasure) -> tuple[int, int]:
    """Destroy the keys of these sightings, and of the links that reporters have sent later: how many there are, and how
    many keys were there to be destroyed. A reporter's contact is forgotten with them.

    Who asked, when and why stays, masked, in the topic in the place of each key. Raises UsageError without the city's
    key, KafkaError when the cluster fails: then it can be asked for again.
    """
    names = {name async for found in _sealed(settings, whose) for name in found}
    async with open_report_keys(settings) as keys:
        there = [] if keys is None else keys.known(sorted(names))
    value, topic = msgspec.json.encode(erasure.masked()), Names(settings.namespace).report_keys
    async with started(writer(Connection.of(settings))) as producer:
        for name in there:
            await producer.send_and_wait(topic, value, name.encode(), place_of(name, settings.partitions))
        if whose.reporter:  # also what is known of somebody whose words nobody has sealed
            await producer.send_and_wait(Names(settings.namespace).contacts, None, whose.reporter.encode(), 0)
    return len(names), len(there)


async def _sealed(settings: Settings, whose: Whose) -> AsyncIterator[set[str]]:
    """The names of the keys under which something is sealed in each of these facts, from their log."""
    topic = Names(settings.namespace).orders
    parts = [TopicPartition(topic, number) for number in range(settings.partitions)]
    async with started(log_reader(Connection.of(settings))) as consumer:
        async for _, records in read_whole(consumer, parts):
            for record in records:
                if _SEALED not in record.value:
                    continue
                fact = facts.from_wire(event_type(record.headers), record.value)
                if isinstance(fact, facts.Fact) and whose.means(fact):
                    yield key_names(record.value)
