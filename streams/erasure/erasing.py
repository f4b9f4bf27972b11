"""Destroying keys: words and links of a report, of an order or of a person are gone, wherever copies of them lie."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec
from aiokafka import TopicPartition
from cryptography.fernet import InvalidToken

from dispatcher.order import facts
from models.envelope import event_type
from models.events.vocabulary import BY_HASH
from models.inbox import Sighting, decode_items
from models.redact import Contact, decrypt_contact, reporter_hash
from models.sealed_words import key_names
from streams.erasure.report_keys import Erasure, ReportKeys, open_report_keys, place_of
from streams.kafka.clients import log_reader, started, writer
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_whole
from streams.kafka.topics import Names
from streams.settings import Settings


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
    many keys were there to be destroyed. A reporter's contact is forgotten with them. A phone number also finds reports
    that name their reporter otherwise and have it as the contact, where contacts are kept.

    Who asked, when and why stays, masked, in the topic in the place of each key. Raises UsageError without the city's
    key, KafkaError when the cluster fails: then it can be asked for again.
    """
    names = {name async for found in _sealed(settings, whose) for name in found}
    reporters = {whose.reporter} - {""}
    async with open_report_keys(settings) as keys:
        async for item in _reached_by(settings, whose.reporter, keys):
            names |= key_names(item.contact.encode())
            reporters.add(item.reporter)
        there = [] if keys is None else keys.known(sorted(names))
    value, topic = msgspec.json.encode(erasure.masked()), Names(settings.namespace).report_keys
    async with started(writer(Connection.of(settings))) as producer:
        for name in there:
            await producer.send_and_wait(topic, value, name.encode(), place_of(name, settings.partitions))
        for reporter in sorted(reporters):  # also what is known of somebody whose words nobody has sealed
            await producer.send_and_wait(Names(settings.namespace).contacts, None, reporter.encode(), 0)
    return len(names), len(there)


async def _sealed(settings: Settings, whose: Whose) -> AsyncIterator[set[str]]:
    """The names of the keys under which something is sealed in each of these facts, from their log."""
    topic = Names(settings.namespace).orders
    parts = [TopicPartition(topic, number) for number in range(settings.partitions)]
    async with started(log_reader(Connection.of(settings))) as consumer:
        async for _, records in read_whole(consumer, parts):
            for record in records:
                if names := key_names(record.value):
                    fact = facts.from_wire(event_type(record.headers), record.value)
                    if isinstance(fact, facts.Fact) and whose.means(fact):
                        yield names


async def _reached_by(settings: Settings, reporter: str, keys: ReportKeys | None) -> AsyncIterator[Sighting]:
    """The reports, as they lie in the inbox, whose contact has the phone number of this hash and whose reporter has an
    id."""
    contact_key, topics = settings.contact_key.get_secret_value(), Names(settings.namespace)
    if not (contact_key and reporter):
        return
    parts = [TopicPartition(name, n) for name in (topics.inbox, topics.urgent) for n in range(settings.partitions)]
    async with started(log_reader(Connection.of(settings))) as consumer:
        async for _, records in read_whole(consumer, parts):
            for record in records:
                for item in _reports_with_contact(record.value):
                    if item.reporter in ("", reporter):
                        continue
                    contact = _opened(item.contact, contact_key, keys)
                    if contact is not None and reporter_hash(settings.hmac_key, contact.phone) == reporter:
                        yield item


def _reports_with_contact(value: bytes | None) -> list[Sighting]:
    try:
        items = decode_items(value or b"[]") if b'"contact"' in (value or b"") else ()
    except msgspec.DecodeError:  # nothing of intake's
        return []
    return [item for item in items if isinstance(item, Sighting) and item.contact]


def _opened(contact: str, contact_key: str, keys: ReportKeys | None) -> Contact | None:
    """The contact; None where its key was destroyed, or it was encrypted under another key than that of now."""
    token = contact
    if keys is not None:
        token = msgspec.json.decode(keys.opened(msgspec.json.encode(contact)), type=str)
    try:
        return decrypt_contact(contact_key, token)
    except InvalidToken:
        return None
