"""Citizens as supervisors 市民监督员: who of the pool is asked whether an order that has passed its check is settled.

What the check has found decides; what citizens say is compared with it, as a figure. Who is asked is drawn from the log
alone, by digests of the order, its closing and the citizen: the same inbox asks the same people, and nobody chooses who
judges what.
"""

from dispatcher.order import facts
from dispatcher.order.chain import handlers
from dispatcher.order.row import Order
from dispatcher.partition.identity import share
from dispatcher.partition.unit_of_work import DESK, UnitOfWork
from models.times import DAY_MS


def ask(work: UnitOfWork, order: Order, at: int) -> Order:
    """An order has passed its check and is closed: ask some of the pool of its area, where it lies in the city's share.
    Nobody is asked of what was replayed, which was over long ago."""
    settings = work.city.settings
    drawn = f"{order.id}/{len(order.closings)}"
    if work.replayed or not (pool := _pool(work, order)) or share(f"judged {drawn}") >= settings.judged_share:
        return order
    citizens = sorted(pool, key=lambda citizen: (share(f"judge {drawn} {citizen}"), citizen))[: settings.judged_by]
    due = at + int(settings.judged_days * DAY_MS)
    archived = order.archive_at
    return work.emit(
        facts.JudgementRequested(
            **work.head(order, at, DESK),
            citizens=tuple(citizens),
            due=due if archived is None else min(due, archived),
        )
    )


def _pool(work: UnitOfWork, order: Order) -> set[str]:
    """The citizens of its area, but for those who have reported, handled or judged it, and the city's inspectors."""
    pool = {citizen.id for citizen in work.city.citizens.find(order.area)}
    if not pool:
        return pool
    for one in (order, *work.children(order)):
        pool.difference_update(one.reporters)
    pool.difference_update(handlers(order), (each.by for each in order.judgements))
    return pool.difference(inspector.id for inspector in work.city.inspectors.rows)
