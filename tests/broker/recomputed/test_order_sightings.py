"""All that was seen of an order, read from the urgent lane and the inbox of a real Kafka; and what became of orders,
from the log."""

from models.inbox import encode_items
from models.times import now_ms
from streams.gateway.open311.step_log import StepLog
from streams.gateway.routes.order_sightings import InboxSightings
from streams.kafka.sending import partition_of
from streams.kafka.topics import Names
from streams.settings import Settings
from tests.support.desks import DAY, HOUR, OPERATOR, T0, Desk, detection, quiet_city, report
from tests.support.kafka import Kafka, Message
from tests.unit.steps.test_desk_returns import ROADS


async def test_every_sighting_of_an_order_comes_from_the_inbox_page_by_page(
    kafka: Kafka, settings: Settings, topics: Names
) -> None:
    """Founding report, evidence and repeats, each once and in their order; what belongs to others is left out."""
    desk = Desk()
    own = [report("r", T0, "路灯不亮", "street-light"), *(detection(f"d{n}", T0 + n) for n in range(5))]
    other = report("x", T0, category="property-fees")
    for item in (*own, other):
        desk.feed(item, at=T0 + 10)
    order = next(one for one in desk.state.orders.values() if one.category == "street-light")
    part = partition_of("south-w", settings.partitions)
    sent = [Message(encode_items((item,)), b"south-w", partition=part) for item in (own[0], other, *own[1:], own[1])]
    await kafka.produce(topics.inbox, sent)
    inbox = InboxSightings(settings, desk.city.settings)

    first = await inbox.page(order, None, 2)
    assert first.next is not None
    rest = await inbox.page(order, first.next, 100)

    assert [one["id"] for one in first.sightings] == ["r", "d0"]
    assert [one["id"] for one in rest.sightings] == ["d1", "d2", "d3", "d4"]  # and not d0 again
    assert rest.next is None
    assert "text" not in first.sightings[0]

    await kafka.produce(topics.urgent, [Message(encode_items((own[0],)), b"south-w", partition=part)] * 2)
    urgent = await inbox.page(order, None, 1)
    assert urgent.next is not None
    behind = await inbox.page(order, urgent.next, 2)
    assert [one["id"] for one in (*urgent.sightings, *behind.sightings)] == [
        "r",
        "d0",
        "d1",
    ]  # the lane, then the inbox


async def test_what_a_parent_incident_covered_is_found_from_before_its_order(
    kafka: Kafka, settings: Settings, topics: Names
) -> None:
    """Its order was opened when the parent ended, hours after all of it had come in."""
    now = now_ms()
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\n"))
    flood, lamp = report("flood", now, "路面积水", "flooding"), detection("lamp", now, lat=30.0503)
    desk.feed(flood, at=now)
    parent = desk.only().id
    desk.feed(lamp, at=now)
    desk.update("force-close", OPERATOR, now + 9 * HOUR, parent, reason="the water is gone")
    desk.tick(now + 9 * HOUR)
    order = next(one for one in desk.state.orders.values() if one.category == "street-light")
    part = partition_of("south-w", settings.partitions)
    await kafka.produce(
        topics.inbox, [Message(encode_items((one,)), b"south-w", partition=part) for one in (flood, lamp)]
    )

    page = await InboxSightings(settings, desk.city.settings).page(order, None, 10)

    assert order.opened_at == now + 9 * HOUR
    assert ([one["id"] for one in page.sightings], page.next) == (["lamp"], None)


async def test_what_became_of_orders_comes_from_the_log_by_when_it_was_written(
    kafka: Kafka, settings: Settings, topics: Names
) -> None:
    """Over all partitions, in the window that is asked for; refusals and what nobody is told of are left out."""
    desk = Desk()
    desk.feed(report("r", T0), at=T0)
    desk.update("handle", ROADS, T0)  # refused
    facts = [out for out in desk.sent if out.topic == "orders"]
    sent = [
        Message(out.value, out.key.encode(), list(out.headers), partition=n % settings.partitions)
        for n, out in enumerate(facts)
    ]
    before = now_ms()
    await kafka.produce(topics.orders, sent)
    log = StepLog(settings)

    steps = await log.between(before - 1, now_ms() + 1, 10)

    assert sorted(type(step.fact).__name__ for step in steps) == ["Assigned", "Opened"]
    assert all(before - 1 <= step.written_at <= now_ms() for step in steps)
    assert len(await log.between(before - 1, now_ms() + 1, 1)) == 1
    assert await log.between(before - 2 * DAY, before - DAY, 10) == []
