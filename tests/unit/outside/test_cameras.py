"""Cameras that fall silent: heartbeat times of their own, many at once, maintenance, what the desk keeps of them."""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from dispatcher.arrivals.cameras import Noticed, noticed
from dispatcher.partition.state import DeskState
from models.city import City, CityError
from models.events import Evidence
from models.inbox import OWN_SIGHTINGS, Actor, Heard, PackChange
from tests.support.desks import (
    DAY,
    HOUR,
    INSPECTOR,
    MINUTE,
    OPERATOR,
    T0,
    Desk,
    assert_laws,
    quiet_city,
    report,
)

HEAD = "id,lat,lon,area,name,owner,heartbeat_minutes,link"


def registry(*rows: str, settings: str = "camera_heartbeat_hours = 24.0\n", **files: str) -> City:
    """The tiny city with these cameras: id, area, owner, heartbeat_minutes, link."""
    places: Mapping[str, str] = {"south-w": "30.05,114.05", "south-e": "30.06,114.12"}
    lines = []
    for row in rows:
        camera, area, owner, minutes, link = row.split(",")
        lines.append(f"{camera},{places[area]},{area},镜头{camera},{owner},{minutes},{link}")
    return quiet_city(settings, **{"cameras.csv": "\n".join([HEAD, *lines]) + "\n"}, **files)


def behind(link: str, count: int, minutes: str = "60") -> list[str]:
    """So many cameras of one owner behind a switch."""
    return [f"{link}-{n},south-w,police,{minutes},{link}" for n in range(count)]


def faults(desk: Desk) -> list[tuple[str, str, int]]:
    """The orders for silent cameras: label, owner, number of sightings."""
    return [
        (order.evidence_first[0].label, order.department, order.evidence_count)
        for order in desk.state.orders.values()
        if order.category == "camera-fault"
    ]


def test_a_camera_has_a_heartbeat_time_of_its_own() -> None:
    """One that speaks every ten minutes is missed within the hour, its neighbour after a day."""
    desk = Desk(registry("quick,south-w,police,10,", "usual,south-w,police,,"))
    desk.feed(Heard("quick", "south-w"), Heard("usual", "south-w"), at=T0)

    desk.tick(T0 + HOUR)
    (quick,) = desk.state.orders.values()
    desk.tick(T0 + 2 * DAY)

    assert quick.evidence_first[0].camera == "quick"
    assert T0 + 10 * MINUTE <= quick.opened_at <= T0 + 11 * MINUTE
    assert len(desk.state.orders) == 2
    assert_laws(desk)


def test_a_camera_with_a_heartbeat_time_is_missed_though_it_was_never_heard_of() -> None:
    """Its time counts from the first that comes of its area; one of which nobody knows how often it speaks is not."""
    desk = Desk(registry("never,south-w,police,120,", "usual,south-w,police,,"))
    desk.feed(report("1", T0), at=T0)

    desk.tick(T0 + 3 * DAY)

    assert faults(desk) == [("silent", "police", 1)]
    (fault,) = [order for order in desk.state.orders.values() if order.category == "camera-fault"]
    assert (fault.evidence_first[0].camera, fault.opened_at) == ("never", T0 + 2 * HOUR)
    assert_laws(desk)


def test_where_all_cameras_speak_one_that_was_never_heard_of_is_missed_after_the_usual_time() -> None:
    """The city says so once for all of them; 0 minutes of its own still is never, and those of areas of which nothing
    has come do not count yet."""
    settings = "camera_heartbeat_hours = 24.0\nunheard_cameras_missed = true\n"
    rows = ("never,south-w,police,,", "off,south-w,police,0,", "quiet,south-e,police,,")
    desk = Desk(registry(*rows, settings=settings))
    desk.feed(report("1", T0), at=T0)

    desk.tick(T0 + DAY)
    assert faults(desk) == []
    desk.tick(T0 + 3 * DAY)

    (fault,) = [order for order in desk.state.orders.values() if order.category == "camera-fault"]
    assert (fault.evidence_first[0].camera, fault.opened_at) == ("never", T0 + DAY)
    assert_laws(desk)


def test_where_a_camera_that_falls_silent_is_no_fault_one_that_never_spoke_is_none_either() -> None:
    """Without a usual heartbeat time there is nothing to count to."""
    settings = "camera_heartbeat_hours = 0.0\nunheard_cameras_missed = true\n"
    desk = Desk(registry("never,south-w,police,,", settings=settings))
    desk.feed(report("1", T0), at=T0)

    desk.tick(T0 + 30 * DAY)

    assert faults(desk) == []


def test_a_camera_is_missed_once_until_it_is_heard_of_again() -> None:
    """Silence for a week is one order; when it has spoken and falls silent anew, the open order is told."""
    desk = Desk(registry("c,south-w,police,60,"))
    desk.feed(Heard("c", "south-w"), at=T0)
    for day in range(1, 8):
        desk.tick(T0 + day * DAY)
    assert faults(desk) == [("silent", "police", 1)]

    desk.feed(Heard("c", "south-w"), at=T0 + 8 * DAY)
    desk.tick(T0 + 9 * DAY)

    assert faults(desk) == [("silent", "police", 1)]
    assert desk.state.tallies[desk.only().id].sightings == 1
    assert_laws(desk)


def test_zero_minutes_are_a_camera_that_nobody_misses() -> None:
    """It speaks when it sees something, and that may be never."""
    desk = Desk(registry("c,south-w,police,0,"))
    desk.feed(Heard("c", "south-w"), at=T0)
    desk.tick(T0 + 9 * DAY)

    assert len(desk.state.orders) == 0
    assert desk.state.cameras == {}


def test_a_camera_that_is_not_registered_takes_no_room() -> None:
    """Whatever calls itself a camera is not remembered."""
    desk = Desk(registry("c,south-w,police,60,"))
    for n in range(20):
        desk.feed(Heard(f"stranger-{n}", "south-w"), at=T0)

    assert desk.state.cameras == {}
    assert desk.state.rolls == {}


def test_a_switch_that_fails_is_one_order_with_the_list_of_its_cameras() -> None:
    """Five hundred fall silent within minutes of each other: their owner gets one order, the next switch another."""
    desk = Desk(registry(*behind("sw-1", 500), *behind("sw-2", 6), *behind("sw-3", 2)))
    for n in range(500):
        desk.feed(Heard(f"sw-1-{n}", "south-w"), at=T0 + n * 1000)
    for link, count in (("sw-2", 6), ("sw-3", 2)):
        desk.feed(*(Heard(f"{link}-{n}", "south-w") for n in range(count)), at=T0 + 510_000)

    desk.tick(T0 + DAY)

    assert sorted(faults(desk)) == [
        ("outage", "police", 1),
        ("outage", "police", 1),
        ("silent", "police", 1),
        ("silent", "police", 1),
    ]
    text = next(order.text for order in desk.state.orders.values() if "sw-1" in order.text)
    assert text.startswith("500 个摄像头同时离线 (sw-1) / 500 cameras silent together (sw-1)\n")
    assert text.splitlines()[1] == "sw-1-0 · 镜头sw-1-0 · 2026-03-02T09:05+08:00"
    assert text.count("\n") == 500
    assert desk.failures == []
    assert_laws(desk)


def test_what_falls_silent_behind_a_switch_that_is_reported_joins_that_order() -> None:
    """A camera that had spoken last is missed last: it is on the list of the same order."""
    desk = Desk(registry(*behind("sw", 7)))
    desk.feed(*(Heard(f"sw-{n}", "south-w") for n in range(6)), at=T0)
    desk.feed(Heard("sw-6", "south-w"), at=T0 + 50 * MINUTE)

    desk.tick(T0 + DAY)

    assert faults(desk) == [("outage", "police", 2)]
    assert [each.rule for each in desk.only().evidence_first] == ["", "outage"]
    assert "sw-6" in desk.only().evidence_first[1].text
    assert_laws(desk)


def test_an_order_of_an_outage_tells_each_camera_and_since_when_it_is_silent() -> None:
    """To a twelfth of its heartbeat time; what joined it later, too. A camera by itself has an order that says so."""
    desk = Desk(registry(*behind("sw", 7), "alone 1,south-w,police,60,"))
    desk.feed(*(Heard(f"sw-{n}", "south-w") for n in range(6)), Heard("alone 1", "south-w"), at=T0)
    desk.feed(Heard("sw-6", "south-w"), at=T0 + 50 * MINUTE)

    desk.tick(T0 + DAY)

    outage, alone = (list(noticed(order.evidence_first)) for order in desk.state.orders.values())
    assert [one.camera for one in outage] == [f"sw-{n}" for n in range(7)]
    assert [(one.since, one.missed_at) for one in (outage[0], outage[6])] == [
        (T0 + 5 * MINUTE, T0 + 65 * MINUTE),
        (T0 + 55 * MINUTE, T0 + 115 * MINUTE),
    ]
    assert alone == [Noticed("alone 1", T0 + 5 * MINUTE, T0 + 65 * MINUTE)]


def test_what_the_desk_had_noticed_before_it_named_the_minute_is_silent_since_it_was_missed() -> None:
    """Of an outage of that time nobody can tell the cameras apart from their names."""
    old = Evidence(kind="detection", source=OWN_SIGHTINGS, id="1", at=T0, camera="c", text="镜头: 摄像头离线")

    assert list(noticed([old, replace(old, camera="", text="2 cameras\nc 镜头 1\nd 镜头 2")])) == [Noticed("c", T0, T0)]
    assert list(noticed([replace(old, source="cams")])) == []


def test_a_camera_whose_order_is_closed_and_that_is_still_silent_is_missed_again() -> None:
    """Nobody had missed it any more. What has spoken since counts as any other; a rejection is a person's word."""
    desk = Desk(registry(*behind("sw", 6)))
    desk.feed(*(Heard(f"sw-{n}", "south-w") for n in range(6)), at=T0)
    desk.tick(T0 + 2 * HOUR)
    (outage,) = desk.state.orders
    desk.feed(Heard("sw-0", "south-w"), at=T0 + 3 * HOUR)
    for action in ("accept", "handle"):
        desk.update(action, Actor("department", "police", "p"), T0 + 3 * HOUR, outage, evidence_urls=("e",))
    assert desk.update("check-pass", INSPECTOR, T0 + 3 * HOUR, outage) == ""

    desk.feed(Heard("sw-0", "south-w"), at=T0 + 3 * HOUR + 50 * MINUTE)
    desk.tick(T0 + 5 * HOUR)

    order = desk.order(outage)
    assert (order.state, order.evidence_count) == ("assigned", 2)  # the same switch: its order is reopened
    again = list(noticed(order.evidence_first[1:]))
    assert [one.camera for one in again] == [f"sw-{n}" for n in range(1, 6)]
    assert {one.since for one in again} == {T0 + 3 * HOUR}
    assert_laws(desk)

    assert desk.update("reject", OPERATOR, T0 + 5 * HOUR, outage, reason="taken down") == ""
    desk.tick(T0 + 3 * DAY)
    assert [order.state for order in desk.state.orders.values()] == ["rejected", "assigned"]
    assert next(noticed(list(desk.state.orders.values())[1].evidence_first)).camera == "sw-0"


def test_owners_do_not_get_the_cameras_of_others() -> None:
    """A link that two departments share is an order for each."""
    own = [f"p{n},south-w,police,60,pole" for n in range(5)] + [f"r{n},south-w,roads,60,pole" for n in range(5)]
    desk = Desk(registry(*own))
    desk.feed(*(Heard(row.partition(",")[0], "south-w") for row in own), at=T0)

    desk.tick(T0 + DAY)

    assert sorted(faults(desk)) == [("outage", "police", 1), ("outage", "roads", 1)]


def test_maintenance_is_a_silence() -> None:
    """Who is silent in a control zone is counted as suppressed, and is missed when that is over and it stays silent."""
    silences = (
        "area,category,from,to,owner,reason\nsouth-w,camera-fault,2026-03-02 08:00,2026-03-02 20:00,police,停机\n"
    )
    desk = Desk(registry(*behind("sw", 5), **{"silences.csv": silences}))
    desk.feed(*(Heard(f"sw-{n}", "south-w") for n in range(5)), at=T0)

    desk.tick(T0 + 2 * HOUR)
    assert (faults(desk), desk.count("suppressed")) == ([], 5)
    desk.tick(T0 + DAY)

    assert faults(desk) == [("outage", "police", 1)]
    assert_laws(desk)


def test_a_pack_that_brings_cameras_gives_them_their_time() -> None:
    """Silence of a camera that was registered a moment ago counts from there."""
    desk = Desk(registry("old,south-w,police,60,"))
    new = registry("old,south-w,police,60,", "new,south-w,police,60,")
    desk.cities[new.digest] = new
    desk.feed(Heard("old", "south-w"), at=T0)
    desk.feed(PackChange(new.digest), Heard("old", "south-w"), at=T0 + 5 * DAY)

    desk.tick(T0 + 5 * DAY + 50 * MINUTE)
    assert [order.evidence_first[0].camera for order in desk.state.orders.values()] == ["old"]
    desk.tick(T0 + 5 * DAY + 3 * HOUR)

    assert {order.evidence_first[0].camera for order in desk.state.orders.values()} == {"old", "new"}


def test_a_camera_that_was_never_heard_of_goes_on_counting_under_the_packs_that_follow() -> None:
    """However often one is published; one that such a pack brings counts from there."""
    desk = Desk(registry("never,south-w,police,120,"))
    packs = [
        registry("never,south-w,police,120,", "new,south-w,police,120,", settings=f"reopen_days = {n}.0\n")
        for n in (7, 8)
    ]
    desk.cities |= {pack.digest: pack for pack in packs}
    desk.feed(report("1", T0), at=T0)
    for n, pack in enumerate(packs, 1):
        desk.feed(PackChange(pack.digest), report(f"of-{n}", T0 + n * 50 * MINUTE), at=T0 + n * 50 * MINUTE)

    desk.tick(T0 + 2 * HOUR + 20 * MINUTE)
    assert [
        order.evidence_first[0].camera for order in desk.state.orders.values() if order.category == "camera-fault"
    ] == ["never"]
    desk.tick(T0 + 50 * MINUTE + 2 * HOUR + 20 * MINUTE)

    assert faults(desk) == [("silent", "police", 1)] * 2
    assert_laws(desk)


def test_a_roll_of_before_counts_its_cameras_from_its_beginning() -> None:
    """Of one that was never heard of there was no row: the roll said since when it counts."""
    desk = Desk(registry("never,south-w,police,120,"))
    desk.feed(report("1", T0), at=T0)
    del desk.rows["camera/never"]
    desk.state = DeskState.restore(3, list(desk.rows.items()), list(desk.figure_rows.items()))

    desk.tick(T0 + 3 * HOUR)

    assert faults(desk) == [("silent", "police", 1)]


def test_a_camera_is_one_number_and_an_area_one_timer() -> None:
    """However often it speaks: nothing piles up in the memory of a city with hundreds of thousands of them."""
    desk = Desk(registry(*behind("sw", 50)))
    for n in range(100):
        desk.feed(*(Heard(f"sw-{c}", "south-w") for c in range(50)), at=T0 + n * MINUTE)

    assert all(type(heard) is int for heard in desk.state.cameras.values())
    assert len([key for _, key, _ in desk.state.pending if key.startswith("roll/")]) <= 3
    assert len(desk.rows["camera/sw-1"]) == 13
    assert_laws(desk)


def test_a_row_of_before_counts_on() -> None:
    """A camera's row as it was written before it was a number says when it was heard of."""
    desk = Desk(registry("c,south-w,police,60,"))
    desk.rows["camera/c"] = b'{"area":"south-w","last_seen":%d,"heartbeat_ms":3600000}' % (T0 + HOUR)
    desk.state = DeskState.restore(3, list(desk.rows.items()), list(desk.figure_rows.items()))

    assert desk.state.cameras == {"c": T0 + HOUR}


@pytest.mark.parametrize("minutes", ["-1", "x", "1e9", "600000"])
def test_a_heartbeat_time_is_a_number_of_minutes(minutes: str) -> None:
    """Neither less than none nor more than a year."""
    with pytest.raises(CityError, match="heartbeat_minutes"):
        registry(f"c,south-w,police,{minutes},")
