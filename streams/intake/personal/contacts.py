"""Contacts of reporters 联系方式 on their way to notify, which alone opens them; sealed as they lie in the inbox."""

from collections.abc import Iterable, Sequence

import msgspec

from models.inbox import InboxUpdate, Sighting
from streams.kafka.sending import Send
from streams.kafka.topics import Names


def contacts_of(items: Iterable[Sequence[Sighting | InboxUpdate]], names: Names) -> list[Send]:
    """A record for each report that has a contact and whose reporter has a hash to find it by; they belong into the
    transaction that writes the inbox."""
    return [
        Send(names.contacts, item.reporter.encode(), msgspec.json.encode(item.contact), 0)
        for some in items
        for item in some
        if isinstance(item, Sighting) and item.contact and item.reporter
    ]
