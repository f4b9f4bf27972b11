"""Orders as the gateway finds them in the tables: one by its id or by a report, or a page of a list."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from aiokafka.errors import KafkaError

from dispatcher.arrivals.watched.false_alarms import AlarmState
from dispatcher.figures.indicators import figures_of
from dispatcher.order.row import ENDED, OPEN, Order, Tally, all_reporters, kept_as
from dispatcher.partition.identity import area_of, report_key
from dispatcher.partition.index import areas_of
from models.access import Holder, may, sees
from models.city import City
from models.redact import pseudonym, reporter_hash
from streams.erasure.report_keys import ReportKeys
from streams.gateway import windows
from streams.gateway.http.problems import Problem
from streams.gateway.orders.order_document import line
from streams.gateway.shards import PARTIAL, ShardAnswers, Shards, incomplete
from streams.tables.orders.order_words import says, words_in
from streams.tables.protocol import (
    Brief,
    PartitionOrder,
    PartitionOrders,
    ShardOrder,
    ShardOrders,
    Sort,
    from_cursor,
    sort_of,
    to_cursor,
    window_asked,
)

STATES = OPEN | ENDED | {"open"}
MOST_ORDERS = 200
ALARMS: tuple[AlarmState, ...] = ("right", "false")
# Of a page's last order, as `to_cursor` writes it; empty for the first page.
CURSOR = r"^([0-9]{1,6}:-?[0-9]{1,27}:[a-z0-9-]{1,256})?$"
_NO_ORDER = "there is no order of that id"
T = TypeVar("T")


class Held(msgspec.Struct, frozen=True):
    """An order's row as the tables hold it, and how often its incident was seen again."""

    order: Order
    tally: Tally | None


class Finder:
    """Looks for orders in the tables; `key` is that of the pseudonyms, `keys` are those of the reports."""

    def __init__(self, city: City, shards: Shards, key: bytes, keys: ReportKeys | None = None) -> None:
        self._city = city
        self._shards = shards
        self._key = key
        self._keys = keys

    def check(self, department: str, category: str) -> None:
        """Raises Problem for a department or category that the city does not know: an empty list would say there are
        no orders."""
        for name, given, known in (
            ("department", department, self._city.departments),
            ("category", category, self._city.categories),
        ):
            if given and given not in known:
                raise Problem(422, "invalid", f"{name} must be one of the city's", field=name, rule="unknown")

    def areas(self, area: str) -> str:
        """The area and all below it, with commas. Raises Problem for one that the city does not know."""
        if not area:
            return ""
        if self._city.areas.get(area) is None and area != "unlocated":
            raise Problem(422, "invalid", "area must be an area of the city", field="area", rule="unknown")
        below = [known.id for known in self._city.areas if area in self._city.areas.ancestors(known.id)]
        return ",".join({area, *below})

    def with_below(self, department: str, below: bool) -> str:
        """A department, with all below it where these are wanted, too, with commas."""
        return ",".join((department, *sorted(self._city.hierarchy.below(department)))) if below else department

    def counted(self, indicator: str, keys: Mapping[str, str], first: str | None, last: str | None) -> dict[str, str]:
        """The parameters for the orders behind a figure: of the first dimension that is given, else of the city."""
        try:
            figures_of(indicator)
        except KeyError:
            raise Problem(
                422, "invalid", "indicator must be one that /status shows", field="indicator", rule="unknown"
            ) from None
        params = {"indicator": indicator} | window_asked(windows.window(self._city, first, last))
        dimension, key = next(((name, key) for name, key in keys.items() if key), ("city", ""))
        # The figure's own department and category decide, which need not be the order's present ones.
        return params | {"dimension": dimension, "key": key, dimension: ""}

    async def newest(self, wanted: Mapping[str, str], since: int, until: int, most: int) -> list[Brief]:
        """The lines of orders that were opened from `since` to `until` (ms UTC, both included), newest first, at most
        so many; with their words still sealed. Raises Problem."""
        found: list[Brief] = []
        after = (0, -until - 1, "z")
        params = {key: value for key, value in wanted.items() if value} | {"limit": str(MOST_ORDERS)}
        while len(found) < most:
            answers: ShardAnswers[PartitionOrders] = await self._shards.ask(
                "/orders", params | {"after": to_cursor(after)}, ShardOrders
            )
            lines = [line for part in answers.some().partitions.values() for line in part.orders]
            page = sorted(lines, key=lambda each: each.place("newest"))[:MOST_ORDERS]
            found += [each for each in page if each.opened_at >= since]
            if len(page) < MOST_ORDERS or page[-1].opened_at < since:
                break
            after = page[-1].place("newest")
        return found[:most]

    async def page(self, wanted: Mapping[str, str], limit: int, cursor: str) -> dict[str, Any]:
        """One page of the list, with the cursor of the next where there is more. Raises Problem."""
        answers, shown, after = await self._page(wanted, limit, cursor)
        total = {"total": sum(part.total for part in answers.partitions.values())} if wanted.get("count") else {}
        return {
            "complete": answers.complete,
            "partitions": {"answered": len(answers.partitions), "total": answers.total},
            **total,
            "orders": [line(order, self._city) for order in shown],
            "next": after,
        }

    async def every(self, wanted: Mapping[str, str], most: int) -> list[Brief]:
        """The whole list, each order once. Raises Problem: 422 where it has more than `most`, 503 while not all
        partitions can be asked."""
        found: dict[str, Brief] = {}
        after: str | None = ""
        while after is not None:
            answers, shown, after = await self._page(wanted, MOST_ORDERS, after)
            answers.whole()
            found |= {each.id: each for each in shown}
            if len(found) > most:
                raise Problem(
                    422, "invalid", f"there are more than {most} orders: ask for some of them", rule="is too long"
                )
        return list(found.values())

    async def _page(
        self, wanted: Mapping[str, str], limit: int, cursor: str
    ) -> tuple[ShardAnswers[PartitionOrders], list[Brief], str | None]:
        """What the partitions answered, the lines of the page and the cursor of the next, None where it is the last."""
        states = {state for state in wanted["state"].split(",") if state}
        if not states <= STATES:
            raise Problem(
                422, "invalid", f"state must be one of {', '.join(sorted(STATES))}", field="state", rule="unknown"
            )
        sort = msgspec.convert(wanted["sort"], Sort)
        # One more than asked for tells whether there is a next page.
        params = {key: value for key, value in wanted.items() if value} | {"limit": str(limit + 1)}
        if cursor:
            params["after"] = _checked_cursor(cursor, sort)
        answers: ShardAnswers[PartitionOrders] = (await self._shards.ask("/orders", params, ShardOrders)).some()
        merged = sorted(_orders_of(answers), key=lambda order: order.place(sort))
        page = merged[:limit]
        more = len(merged) > limit
        shown = await self.in_the_clear(await self._that_say(page, wanted["words"]), list[Brief])
        return answers, shown, to_cursor(page[-1].place(sort)) if more else None

    async def _that_say(self, page: list[Brief], words: str) -> list[Brief]:
        """Those of some orders in which the words occur that are looked for. Of sealed words the tables know the pairs
        of characters, also once they are erased: it is sure when they have been opened. Raises Problem."""
        if not words or self._keys is None:
            return page
        held = await asyncio.gather(*(self._held(each.id) for each in page))
        rows = await self.in_the_clear([one.order for one, _ in held if one is not None], list[Order])
        looked_for = words_in(words)
        found = {row.id for row in rows if says(row, looked_for)}
        return [each for each in page if each.id in found]

    def own(self, holder: Holder | None, department: str, area: str) -> tuple[str, str]:
        """The department and the area that a holder may list, given those that it asks for.

        Raises Problem (403) for a department that does not stand below its own, or an area beyond its own: a list that
        is empty would say that there are no orders.
        """
        if holder is None:
            return department, area
        own = (holder.department, *self._city.hierarchy.below(holder.department))
        if holder.department and department not in ("", *own):
            raise Problem(403, "forbidden", "a department lists its own orders and those below", field="department")
        if holder.area and area and holder.area not in self._city.areas.ancestors(area):
            raise Problem(403, "forbidden", "the area lies beyond that of the token", field="area")
        return holder.department or department, area or holder.area

    async def order(self, order_id: str, holder: Holder | None) -> Held:
        """The order's row. Raises Problem: 404, also for one that the holder does not see, or 503 while the partition
        that may hold it is silent."""
        newest, complete = await self._held(order_id)
        if newest is None or not self._sees(holder, newest.order):
            raise missing(_NO_ORDER, complete or newest is not None)
        return await self.in_the_clear(newest, Held)

    async def _held(self, order_id: str) -> tuple[Held | None, bool]:
        """The order's row with its words still sealed, and whether all partitions were looked in."""
        answers: ShardAnswers[PartitionOrder] = await self._shards.ask(f"/orders/{_safe(order_id)}", {}, ShardOrder)
        held = [Held(part.order, part.tally) for part in answers.partitions.values() if part.order is not None]
        return max(held, key=lambda found: found.order.seq, default=None), answers.complete

    async def in_the_clear(self, found: T, kind: type[T]) -> T:
        """The same with the words opened that are sealed in it. Raises Problem (503) while Kafka is away: nobody can
        say then whether they have been erased."""
        if self._keys is None:
            return found
        try:
            await self._keys.catch_up()
        except KafkaError:
            raise incomplete("the keys of reports cannot be read at the moment") from None
        return msgspec.json.decode(self._keys.opened(msgspec.json.encode(found)), type=kind)

    async def content(self, order_id: str, source: str, report_id: str) -> int:
        """The digest of what a report said that an order keeps; 0 when it is not there."""
        order = (await self.order(order_id, None)).order
        kept = kept_as(order, (source, report_id))
        return 0 if kept is None else kept.content

    async def is_shown(self, order_id: str, holder: Holder | None) -> bool:
        """Whether a holder sees an order that there is."""
        if holder is None or not (holder.department or holder.area):
            return True
        return await seen(self, order_id, holder) is not None

    async def acted_on(self, order_id: str, holder: Holder | None) -> Held:
        """The row of an order on which a holder would take a step. Raises Problem as `order` does: who may act and not
        read orders, a citizen, learns of those alone that are their own."""
        held = await self.order(order_id, holder)
        if not await self._is_told(holder, held.order):
            raise missing(_NO_ORDER, complete=True)
        return held

    async def is_told(self, order_id: str, holder: Holder | None) -> bool:
        """Whether a holder may learn how the order stands on which they have asked for a step (`acted_on`)."""
        if may(holder, "orders"):
            return await self.is_shown(order_id, holder)
        held = await seen(self, order_id, holder)
        return held is not None and await self._is_told(holder, held.order)

    async def _is_told(self, holder: Holder | None, order: Order) -> bool:
        if holder is None or may(holder, "orders"):
            return True
        who = reporter_hash(self._key, holder.person)
        return who in all_reporters(order) or any(who in one.reporters for one in await self._family(order))

    async def is_nobody_s(self, order_id: str) -> bool:
        """Whether all reports of an order that there is came without a name. Then the desk cannot tell its reporters
        from others; but what comes with a citizen's own token has a name, so that it is none of theirs."""
        held = await seen(self, order_id, None)
        if held is None or all_reporters(held.order):
            return False
        family = await self._family(held.order)
        return any(one.report_keys for one in family) and not any(one.reporters for one in family)

    async def _family(self, order: Order) -> tuple[Order, ...]:
        return (order, *(await merged_into(order, self))[0])

    def is_within(self, holder: Holder | None, area: str) -> bool:
        """Whether an area is one that the holder may see and act in."""
        return holder is None or holder.area in ("", *self._city.areas.ancestors(area))

    def is_of(self, holder: Holder | None, order: Order) -> bool:
        """Whether an order was found in an area in which the holder may act, or moved there."""
        return self.is_within(holder, area_of(order.id)) or self.is_within(holder, order.area)

    async def may_act(self, holder: Holder | None, order_id: str) -> bool:
        """`is_of`, of the order with an id. Raises Problem (503) while the partition that may hold it is silent."""
        if self.is_within(holder, area_of(order_id)):
            return True
        held = await seen(self, order_id, None)
        return held is not None and self.is_of(holder, held.order)

    async def parent_of(self, order: Order) -> Order | None:
        """The order with which one that was merged goes on; None for any other, and where the tables do not have that
        one any more. Raises Problem (503) while the partition that may hold it is silent."""
        held = await seen(self, order.parent, None) if order.state == "merged" and order.parent else None
        return None if held is None else held.order

    def _sees(self, holder: Holder | None, order: Order) -> bool:
        turns = (*order.assignments, *order.held_for)
        having = {one for turn in turns for one in (turn.department, *turn.assists)}
        departments = having.union(*(self._city.hierarchy.above(one) for one in having))
        areas = [above for area in areas_of(order) for above in self._city.areas.ancestors(area)]
        return sees(holder, departments, areas)

    async def by_report(self, source: str, report_id: str) -> tuple[Brief | None, bool]:
        """The order that a report is part of, and whether all partitions were looked in."""
        known_as = pseudonym(self._key, source), pseudonym(self._key, report_id)
        params = {"report": report_key(*known_as), "limit": "1"}
        answers: ShardAnswers[PartitionOrders] = await self._shards.ask("/orders", params, ShardOrders)
        shown = await self.in_the_clear(_orders_of(answers)[:1], list[Brief])
        return (shown[0] if shown else None), answers.complete

    async def newest_of(self, reporter: str, most: int) -> list[Brief]:
        """The newest orders that a reporter, by their hash, has reported, at most so many, with their words still
        sealed. Raises Problem (503) while not all partitions can be asked."""
        params = {"reporter": reporter, "limit": str(most)}
        answers: ShardAnswers[PartitionOrders] = await self._shards.ask("/orders", params, ShardOrders)
        return sorted(_orders_of(answers.whole()), key=lambda each: each.place("newest"))[:most]


def _orders_of(answers: ShardAnswers[PartitionOrders]) -> list[Brief]:
    """The orders of all partitions, one after the other."""
    return [order for part in answers.partitions.values() for order in part.orders]


async def seen(finder: Finder, order_id: str, holder: Holder | None) -> Held | None:
    """The order's row, None where there is none that the holder sees. Raises Problem (503) while the partition that may
    hold it is silent."""
    try:
        return await finder.order(order_id, holder)
    except Problem as problem:
        if problem.status != 404:
            raise
        return None


async def merged_into(order: Order, finder: Finder) -> tuple[list[Order], tuple[str, ...]]:
    """The orders that were merged into one, and into those: of whoever sees that one; and the ids of those that the
    tables do not have any more. Raises Problem (503) while a partition is silent."""
    found: list[Order] = []
    gone: list[str] = []
    wanted = list(order.children)
    while wanted:
        held = await asyncio.gather(*(seen(finder, each, None) for each in wanted))
        gone += (each for each, one in zip(wanted, held, strict=True) if one is None)
        known = [one.order for one in held if one is not None]
        found += known
        wanted = [child for one in known for child in one.children]
    return found, tuple(gone)


def missing(sentence: str, complete: bool) -> Problem:
    """That there is no such thing; or, where not all partitions could be asked, that nobody can say so now."""
    if complete:
        return Problem(404, "not-found", sentence)
    return incomplete(PARTIAL)


def _safe(order_id: str) -> str:
    if "/" in order_id or order_id in (".", "..") or not order_id.isprintable() or len(order_id) > 256:
        raise Problem(404, "not-found", _NO_ORDER)
    return quote(order_id, safe="")


def _checked_cursor(cursor: str, sort: Sort) -> str:
    """What tables are asked with. Raises Problem for what is no cursor of a list in this order."""
    if not re.fullmatch(CURSOR, cursor) or sort_of(from_cursor(cursor)) != sort:
        raise Problem(422, "invalid", "cursor must be `next` of another page", field="cursor", rule="unknown")
    return cursor
