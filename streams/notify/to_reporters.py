"""What reporters are sent beside the notice: their own link, and for whoever reaches them how that is done."""

import time
from urllib.parse import urlsplit

import msgspec

from models.envelope import Event
from models.errors import UsageError
from streams.addresses import LOOPBACK
from streams.reporter_links import ReporterLink, ReporterLinks
from streams.settings import Settings

_DAY_SECONDS = 86_400


class _Notice(msgspec.Struct):
    audience: str
    to: str
    order_id: str


_read = msgspec.json.Decoder(_Notice).decode


class ReporterLetters:
    """Makes of a reporter's notice what the reporters' target is sent."""

    def __init__(self, links: ReporterLinks, base: str, days: float) -> None:
        self._links, self._base = links, base.rstrip("/")
        self._seconds = int(days * _DAY_SECONDS)

    def letter(self, event: Event) -> Event:
        """The notice with the `link` at which its reporter sees the order, or its citizen judges it. It is the same
        event: a repeat has the same id, though another link."""
        notice, data = _read(event.data), msgspec.json.decode(event.data)
        until = int(time.time()) + self._seconds
        link = ReporterLink(notice.order_id, notice.to, until, citizen=notice.audience == "citizen")
        token = self._links.token(link)
        return msgspec.structs.replace(event, data=msgspec.json.encode(data | {"link": f"{self._base}/r/{token}"}))


def letters_of(settings: Settings) -> ReporterLetters | None:
    """What the settings say; None where notices have no links. Raises UsageError for settings that do not fit."""
    key, base = settings.link_key.get_secret_value(), settings.public_url
    if not base:
        return None
    if not key:
        raise UsageError("PAIDAN_LINK_KEY must be set: PAIDAN_PUBLIC_URL says that reporters get links")
    parts = urlsplit(base)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise UsageError("PAIDAN_PUBLIC_URL must be https: whoever has a link is the reporter")
    return ReporterLetters(ReporterLinks(key), base, settings.link_days)
