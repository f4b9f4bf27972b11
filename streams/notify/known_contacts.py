"""The contacts of reporters 联系方式, encrypted as intake has written them, and opened one at a time."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from cryptography.fernet import InvalidToken

from models.errors import UsageError
from models.redact import Contact, check_contact_key, decrypt_contact
from models.sealed_words import key_names
from streams.erasure.report_keys import ReportKeys
from streams.kafka.connection import Connection
from streams.kafka.log_reading import FollowedLog, followed, open_ends
from streams.kafka.topics import Names
from streams.settings import Settings

log = logging.getLogger(__name__)

# Of a reporter so many are kept: when the words of the last report are erased, an earlier one's contact still stands.
_OF_ONE_REPORTER = 4


class KnownContacts:
    """What reports have said of how their reporters are reached, by reporter. A contact whose report was erased is
    forgotten; `keys` are those of the reports, None where words are not sealed."""

    def __init__(self, log: FollowedLog, key: str, keys: ReportKeys | None) -> None:
        self._log, self._key, self._keys = log, key, keys
        self._sealed: dict[str, tuple[bytes, ...]] = {}
        self._lock = asyncio.Lock()
        self._is_citys = False

    def check(self) -> None:
        """See whether the contact that was there first is encrypted under this key: any that is not is then one of an
        intake with a wrong setting, and as good as none. Raises UsageError where it is encrypted under another."""
        for values in self._sealed.values():
            for value in filter(self._stands, reversed(values)):
                self._opened(value)
                self._is_citys = True
                return

    async def catch_up(self) -> None:
        """Know all that intake has written by now, and all that was erased. Raises KafkaError."""
        async with self._lock:
            came: set[str] = set()
            async for records in self._log.news():
                came |= self.take(records)
            if self._keys is not None:
                await self._keys.catch_up()
            for reporter in came:
                self._drop_spare(reporter)

    def take(self, records: Iterable[ConsumerRecord]) -> set[str]:
        """Learn what these records of the topic say; whose they are."""
        came = set()
        for record in records:
            reporter = record.key.decode()
            if record.value is None:
                self._sealed.pop(reporter, None)
            else:
                self._sealed[reporter] = (record.value, *self._sealed.get(reporter, ()))
            came.add(reporter)
        return came

    def open(self, reporter: str) -> Contact | None:
        """The last contact of a reporter that has a phone number, else the last one; None where none is left. Raises
        UsageError or SealError where the settings' keys do not open it, and nobody knows that they are the city's."""
        self._drop_spare(reporter)
        last: Contact | None = None
        for value in self._sealed.get(reporter, ()):
            contact = self._opened(value)
            if contact is None:
                log.error("a contact of the reporter %s is encrypted under another key: nobody can open it", reporter)
            elif contact.phone:
                return contact
            last = last or contact
        return last

    def _drop_spare(self, reporter: str) -> None:
        """Forget those whose key was destroyed and those that are too many: a report that comes twice has left one
        under a key that the desk has destroyed."""
        left = tuple(filter(self._stands, self._sealed.get(reporter, ())))[:_OF_ONE_REPORTER]
        if left:
            self._sealed[reporter] = left
        else:
            self._sealed.pop(reporter, None)

    def _stands(self, value: bytes) -> bool:
        return self._keys is None or all(self._keys.known([name]) for name in key_names(value))

    def _opened(self, value: bytes) -> Contact | None:
        if self._keys is None and key_names(value):
            raise UsageError("PAIDAN_WORDS_KEY must be set: words of reports are sealed under it")
        token = msgspec.json.decode(value if self._keys is None else self._keys.opened(value), type=str)
        try:
            return decrypt_contact(self._key, token)
        except InvalidToken:
            if self._is_citys:
                return None
            raise UsageError("PAIDAN_CONTACT_KEY is not the key that encrypted the reporters' contacts") from None


@contextlib.asynccontextmanager
async def open_contacts(settings: Settings, keys: ReportKeys | None) -> AsyncIterator[KnownContacts | None]:
    """The contacts of all reporters, for the one target that is sent them, with the keys of reports; None where the
    settings have no such target, or intake keeps none. Raises UsageError where a key is missing or cannot be used, and
    KafkaError."""
    if not settings.notify_reporter_url:
        yield None
        return
    key = settings.contact_key.get_secret_value()
    part, connection = TopicPartition(Names(settings.namespace).contacts, 0), Connection.of(settings)
    if not key:
        async with open_ends(connection) as ends:
            if (await ends.end_offsets([part]))[part] > (await ends.beginning_offsets([part]))[part]:
                raise UsageError("PAIDAN_CONTACT_KEY must be set: the contacts of reporters are encrypted under it")
        yield None
        return
    check_contact_key(key)
    async with followed(connection, [part]) as log:
        contacts = KnownContacts(log, key, keys)
        await contacts.catch_up()
        contacts.check()
        yield contacts
