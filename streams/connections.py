"""How many connections a server holds, of whom, and for how long 连接限制.

Whoever is connected costs a descriptor and, while an answer waits to be read, memory. So three things are bounded: how
many connections there are in all and from one address, how long one may be silent, and how long an answer may lie
unread. Of those that are silent the one that has been so longest goes first when room is needed, among all or among
those of an address, so that connections on which nothing is asked keep nobody out; and room for a few more is kept for
the probes of whoever runs the system.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Protocol

from streams.addresses import counted, is_among

# So many at a time; who comes beyond that is answered with 503.
MOST_CONNECTIONS = 2_000
# So many more are let in beyond that, for what a service manager asks.
PROBES = frozenset({"/livez", "/readyz"})
PROBE_CONNECTIONS = 50
# Who has been silent for so long makes room for somebody else.
YIELDS_SECONDS = 1.0
# An answer of which less than so many bytes are read in so long is not read at all.
WRITE_SECONDS = 20.0
LEAST_BYTES = 16_384


class Peer(Protocol):
    """What is asked of a connection here."""

    def unread(self) -> int:
        """How many bytes wait to be sent."""

    def has_spoken(self) -> bool:
        """Whether something has come of it that nobody has read yet."""

    def gone(self) -> int:
        """How many bytes of answers have left for its reader by now, since it began."""

    def abort(self) -> None:
        """End it at once, with whatever waits."""


class Connections:
    """The connections of one server. Times are of the event loop, in seconds."""

    def __init__(self, most: int, per_address: int = 0, unbounded: Collection[str] = ()) -> None:
        """`per_address`: 0 sets no bound; from `unbounded` addresses and networks, those of proxies, as many come as
        will."""
        self.most = most
        self.per_address = per_address
        self._unbounded = tuple(unbounded)
        self._addresses: dict[Peer, str] = {}
        self._of_address: Counter[str] = Counter()
        self._silent: dict[Peer, float] = {}  # since when, the longest first
        self._unread: dict[Peer, tuple[int, float]] = {}  # how much had gone where something waits, and since when

    def __len__(self) -> int:
        return len(self._addresses)

    def __iter__(self) -> Iterator[Peer]:
        return iter(tuple(self._addresses))

    def enter(self, one: Peer, host: str, now: float) -> str:
        """Let a new one in that comes from `host`. Why nothing but probes is answered on it, else ""; it may have been
        aborted."""
        address = counted(host)
        crowded = 0 < self.per_address <= self._of_address[address] and not is_among(host, self._unbounded)
        if crowded:
            self._make_room(now, address)
        if len(self) >= self.most:
            self._make_room(now)
        full = len(self) >= self.most
        if len(self) >= self.most + PROBE_CONNECTIONS:
            one.abort()
            return f"{self.most} connections are open already"
        self._addresses[one] = address
        self._of_address[address] += 1
        self._silent[one] = now
        if crowded and self._of_address[address] > self.per_address:
            return f"{self.per_address} connections from {address} are open already"
        return f"{self.most} connections are open already" if full else ""

    def leave(self, one: Peer) -> None:
        """It is gone, or as good as that."""
        self._silent.pop(one, None)
        self._unread.pop(one, None)
        address = self._addresses.pop(one, None)
        if address is not None:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]

    def speaks(self, one: Peer) -> None:
        """A whole request has come."""
        self._silent.pop(one, None)

    def is_silent(self, one: Peer, now: float) -> None:
        """Its request has been answered."""
        if one in self._addresses:
            self._silent[one] = now

    def abort_unread(self, now: float) -> None:
        """End those that do not read what they are sent; to be called every few seconds.

        What waits says nothing of that: the next piece of an answer, or the next answer, comes after what has gone."""
        for one in self:
            if not one.unread():
                self._unread.pop(one, None)
                continue
            gone = one.gone()
            before, since = self._unread.setdefault(one, (gone, now))
            if gone >= before + LEAST_BYTES:
                self._unread[one] = gone, now
            elif now - since >= WRITE_SECONDS:
                one.abort()

    def _make_room(self, now: float, address: str = "") -> None:
        """Among the connections of one address, or among all. While very many come at once nobody is read: who has
        spoken meanwhile only seems to be silent."""
        for _ in range(len(self._silent)):
            own = (each for each in self._silent if not address or self._addresses[each] == address)
            longest = next(own, None)
            if longest is None or now - self._silent[longest] < YIELDS_SECONDS:
                return
            if not longest.has_spoken():
                self.leave(longest)
                longest.abort()
                return
            del self._silent[longest]  # from here on it stands behind all others
            self._silent[longest] = now
