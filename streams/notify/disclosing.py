"""Disclosing 披露: a reporter's notice gets the contact that it is to be brought to, and the trail says so."""

import time
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from models.envelope import Event
from models.redact import Contact
from streams.kafka.sending import Send
from streams.kafka.topics import Names


class Disclosure(msgspec.Struct, frozen=True):
    """That a contact was opened: when (ms UTC), for which target, whose (the hash), for which order and notice (the
    event's id). The contact itself is not in it."""

    at: int
    target: str
    reporter: str
    order_id: str
    notice: str


class Contacts(Protocol):
    """What opens contacts; `KnownContacts` does."""

    async def catch_up(self) -> None:
        """Know all that is written by now."""

    def open(self, reporter: str, /) -> Contact | None:
        """That of a reporter, if there is one."""


class _Notice(msgspec.Struct):
    to: str
    order_id: str


_read = msgspec.json.Decoder(_Notice).decode


class Discloser:
    """Opens contacts for one target. `write` returns when a record is safely written; `clock` gives seconds UTC."""

    def __init__(
        self,
        contacts: Contacts,
        target: str,
        names: Names,
        write: Callable[[Send], Awaitable[None]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._contacts, self._target, self._names, self._write, self._clock = contacts, target, names, write, clock

    async def with_contact(self, event: Event) -> Event:
        """The same notice with the `contact` of its reporter, where there is one. It is returned only after the trail
        has the disclosure: each attempt at the target is one. Raises UsageError or SealError for keys that do not
        open it, and KafkaError."""
        notice = _read(event.data)
        await self._contacts.catch_up()
        contact = self._contacts.open(notice.to)
        if contact is None:
            return event
        at = int(self._clock() * 1000)
        disclosure = Disclosure(at, self._target, notice.to, notice.order_id, event.id)
        await self._write(Send(self._names.disclosures, notice.to.encode(), msgspec.json.encode(disclosure), 0))
        data = msgspec.json.decode(event.data) | {"contact": contact}
        return msgspec.structs.replace(event, data=msgspec.json.encode(data))
