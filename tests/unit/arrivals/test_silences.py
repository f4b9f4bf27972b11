"""Silences that people set while the city runs: what they match, who approves them, what the desk makes of them."""

from dataclasses import replace as changed
from typing import Any

import pytest
from msgspec.structs import replace

from dispatcher.arrivals.cameras import FAULT
from dispatcher.desk import DeskState
from models.errors import Poison
from models.inbox import LiveSilence, PackChange, Sighting, decode_items, encode_items
from models.times import from_text
from streams.control.live_silences import (
    UnknownSilence,
    approved,
    asks_for_approval,
    check,
    ended,
    set_anew,
    state_of,
)
from streams.control.one_at_a_time import ControlError
from streams.control.silences_followed import FollowedSilences
from tests.support.cities import FILES
from tests.support.desks import DAY, HOUR, T0, Desk, detection, quiet_city, report

CITY = quiet_city()


def silence(**own: Any) -> LiveSilence:
    """One of street lights in south-w for an hour, by dora."""
    said: dict[str, Any] = {
        "number": 1,
        "starts_at": T0,
        "ends_at": T0 + HOUR,
        "category": "street-light",
        "area": "south-w",
        "owner": "lighting works",
        "comment": "the feeder is replaced",
        "created_by": "dora",
        "created_at": T0,
    }
    return LiveSilence(**said | own)


def test_what_is_personal_in_a_silence_is_kept_nowhere() -> None:
    """Who answers for it is a name or a works, and not their phone."""
    made = set_anew(silence(owner="Li, 13800138000", comment="call 138 0013 8000 or l.i@city.example"), False)({})

    assert (made.owner, made.comment) == ("Li, ***", "call *** or ***")


LAMP = detection("1", T0 + HOUR // 2)


@pytest.mark.parametrize(
    ("own", "seen", "silenced"),
    [
        ({}, LAMP, True),
        ({}, replace(LAMP, at=T0 + HOUR), False),
        ({}, replace(LAMP, at=T0 - 1), False),
        ({"category": "order"}, LAMP, False),
        ({"category": "road"}, LAMP, True),
        ({"category": "*", "area": "*"}, LAMP, True),
        ({"area": "south"}, LAMP, True),
        ({"area": "north-w"}, LAMP, False),
        ({"camera": "cam-sw-1"}, LAMP, True),
        ({"camera": "cam-sw-2"}, LAMP, False),
        ({"source": "cams"}, LAMP, True),
        ({"source": "others"}, LAMP, False),
        ({"lat": 30.0505, "lon": 114.05, "radius_m": 100.0}, LAMP, True),
        ({"lat": 30.06, "lon": 114.05, "radius_m": 100.0}, LAMP, False),
        ({"lat": 30.05, "lon": 114.05, "radius_m": 100.0}, replace(LAMP, lat=None, lon=None), False),
        ({"needs_approval": True}, LAMP, False),
        ({"needs_approval": True, "approved_by": "otto"}, LAMP, True),
    ],
)
def test_a_silence_suppresses_what_it_matches_within_its_time(
    own: dict[str, Any], seen: Sighting, silenced: bool
) -> None:
    """By category or group, area, camera, source and place; one that waits for its approval suppresses nothing."""
    desk = Desk(CITY)
    desk.feed(silence(**own), at=T0)

    desk.feed(seen, at=T0 + HOUR)

    assert desk.count("suppressed") == silenced
    assert bool(desk.state.orders) is not silenced


def test_a_silence_holds_from_its_record_on_and_ends_with_its_newest_version() -> None:
    """What stands before it in the inbox is decided without it; a version that comes late changes nothing."""
    desk = Desk(CITY)
    desk.feed(detection("1", T0 + 1), silence(), detection("2", T0 + 2, object_id="b", lat=30.06), at=T0 + 2)
    desk.feed(silence(version=2, ends_at=T0 + 10), silence(), at=T0 + 10)

    desk.feed(detection("3", T0 + 20, object_id="c", lat=30.07), at=T0 + 20)

    assert sorted(order.evidence_first[0].id for order in desk.state.orders.values()) == ["1", "3"]
    assert desk.count("suppressed") == 1


def test_a_report_that_is_silenced_is_an_order_that_has_ended_and_says_why() -> None:
    """Its reporter is told, no department is, and everything else about it stays as it is: a trace that counts."""
    desk = Desk(CITY)
    desk.feed(silence(category="*"), at=T0)

    sent = desk.feed(report("1", T0 + 1), at=T0 + 1)

    order = desk.only()
    assert (order.state, order.department) == ("rejected", "")
    assert order.timeline[-1].note == "control-zone silence/1"
    assert {out.topic for out in sent} == {"orders", "notices"}
    assert {out.key for out in sent if out.topic == "notices"} == {"hash-1"}
    assert (desk.count("received"), desk.count("suppressed"), desk.count("rejected")) == (1, 1, 1)


def test_a_camera_under_a_silence_is_not_missed_and_its_neighbours_are() -> None:
    """Maintenance of one camera: it counts anew from there."""
    cameras = ("id,lat,lon,area,name,owner", "hers,30.05,114.05,south-w,A,police", "his,30.05,114.05,south-w,B,police")
    desk = Desk(quiet_city(**{"cameras.csv": "\n".join(cameras)}))
    desk.feed(silence(category=FAULT, camera="hers", ends_at=T0 + 30 * DAY), at=T0)
    desk.feed(detection("1", T0, camera="hers"), detection("2", T0, camera="his", lat=30.06), at=T0)

    desk.tick(T0 + 3 * DAY)

    faults = [order.evidence_first[0].camera for order in desk.state.orders.values() if order.category == FAULT]
    assert faults == ["his"]


def test_a_restored_desk_knows_the_silences_and_forgets_them_a_month_after_their_end() -> None:
    """They are rows of the desk's changelog like all that it remembers."""
    desk = Desk(CITY)
    desk.feed(silence(), silence(number=2, ends_at=T0 + 90 * DAY), at=T0)

    restored = DeskState.restore(3, list(desk.rows.items()), list(desk.figure_rows.items()))
    desk.feed(silence(number=3, ends_at=T0 + 90 * DAY), at=T0 + 40 * DAY)

    assert restored.silences == {"1": silence(), "2": silence(number=2, ends_at=T0 + 90 * DAY)}
    assert desk.state.silences.keys() == {"2", "3"}
    assert "silence/1" not in desk.rows


ZONE = "south-e street-vendor 2026-05-01T08:00"
FAIR = from_text("2026-05-01T00:00:00Z")  # when that zone begins


@pytest.mark.parametrize(
    ("area", "at", "silenced_by"),
    [
        ("south-e", FAIR, "silences.csv:2"),
        ("south-e", FAIR + HOUR, ""),
        ("south-e", FAIR + 2 * HOUR, "silences.csv:2"),
        ("south-w", FAIR + HOUR, "silences.csv:3"),
        ("north-w", FAIR + HOUR, ""),
    ],
)
def test_a_control_zone_that_is_lifted_silences_nothing_meanwhile(area: str, at: int, silenced_by: str) -> None:
    """That zone alone, from then up to when that ends; and what lifts it silences nothing itself."""
    zones = f"{FILES['silences.csv']}south-w,street-vendor,2026-05-01 08:00,2026-05-03 22:00,police,x\n"
    desk = Desk(quiet_city(**{"silences.csv": zones}))
    lifting = {"lifts": ZONE, "category": "*", "area": "*", "starts_at": FAIR + HOUR, "ends_at": FAIR + 2 * HOUR}
    desk.feed(silence(**lifting), at=FAIR)

    desk.feed(report("1", at, category="street-vendor", area=area), at=FAIR + DAY)

    [order] = desk.state.orders.values()
    assert (order.timeline[-1].note == f"control-zone {silenced_by}") is bool(silenced_by)
    assert (order.state == "rejected") is bool(silenced_by)


def test_a_control_zone_is_lifted_by_one_person_while_the_pack_has_it() -> None:
    """However long it lasts; one that is over, or none of the city's, cannot be."""
    lifting = silence(lifts=ZONE, category="*", area="*", starts_at=FAIR, ends_at=FAIR + 2 * DAY, created_at=FAIR)

    check(CITY, lifting)
    assert not asks_for_approval(CITY, lifting)
    for wrong in ({"lifts": "south-e street-vendor"}, {"starts_at": FAIR + 5 * DAY, "ends_at": FAIR + 6 * DAY}):
        with pytest.raises(Poison) as refused:
            check(CITY, replace(lifting, **wrong))
        assert refused.value.field == "lifts"


def test_a_silence_is_itself_again_from_the_inbox() -> None:
    """All of its fields."""
    full = silence(
        lifts="z", lat=30.0, lon=114.0, radius_m=5.0, camera="c", source="s", needs_approval=True, approved_by="otto"
    )

    assert decode_items(encode_items([full])) == (full,)


@pytest.mark.parametrize(
    ("own", "needed"),
    [
        ({}, False),
        ({"ends_at": T0 + 25 * HOUR}, True),
        ({"category": "*"}, False),
        ({"category": "*", "area": "*"}, True),
        ({"category": "*", "area": "*", "camera": "cam-sw-1"}, False),
    ],
)
def test_what_lasts_long_or_covers_everything_waits_for_a_second_person(own: dict[str, Any], needed: bool) -> None:
    """How long is a setting of the city."""
    assert asks_for_approval(CITY, silence(**own)) is needed
    settings = CITY.settings.model_copy(update={"silence_alone_hours": 0.0})
    assert asks_for_approval(changed(CITY, settings=settings), silence(**own))


def test_the_life_of_a_silence() -> None:
    """Set, approved by somebody else, ended: each step is a version, with who and when."""
    made = set_anew(silence(number=0), True)({7: silence(number=7)})
    assert (made.number, made.version, state_of(made, T0)) == (8, 1, "awaiting-approval")
    with pytest.raises(ControlError, match="a second person has to approve it"):
        approved(8, "dora", T0 + 1)({8: made})

    made = approved(8, "otto", T0 + 1)({8: made})
    assert (made.version, made.approved_by, made.starts_at, state_of(made, T0 + 1)) == (2, "otto", T0 + 1, "active")
    with pytest.raises(ControlError, match="waits for no approval"):
        approved(8, "olga", T0 + 2)({8: made})

    made = ended(8, "dora", T0 + 2)({8: made})
    assert (made.version, made.ended_by, made.ends_at, state_of(made, T0 + 2)) == (3, "dora", T0 + 2, "expired")
    with pytest.raises(ControlError, match="is over"):
        ended(8, "dora", T0 + 3)({8: made})
    with pytest.raises(UnknownSilence):
        ended(9, "dora", T0 + 3)({8: made})
    assert state_of(silence(starts_at=T0 + 1), T0) == "pending"


@pytest.mark.parametrize(
    ("own", "field"),
    [
        ({"category": "none"}, "category"),
        ({"area": "nowhere"}, "area"),
        ({"camera": "none"}, "camera_id"),
        ({"ends_at": T0}, "ends_at"),
        ({"ends_at": T0 + 400 * DAY}, "ends_at"),
    ],
)
def test_a_silence_is_of_the_citys_and_ends(own: dict[str, Any], field: str) -> None:
    """Another category, area or camera than the city's, or no end within a year, is refused by its name."""
    check(CITY, silence())
    with pytest.raises(Poison) as refused:
        check(CITY, silence(**own))
    assert refused.value.field == field


def test_a_partition_is_told_of_each_change_once_and_of_nothing_that_is_over() -> None:
    """Whoever is told of it has it in its state."""
    first, second = silence(), silence(number=2, version=2, ends_at=T0 + DAY)
    followed = FollowedSilences([first, second])

    assert followed.unlike({}, T0) == (first, second)
    assert followed.unlike({"1": first}, T0) == (second,)
    assert followed.unlike({"1": first, "2": silence(number=2)}, T0 + 2 * DAY) == (second,)
    assert followed.unlike({}, T0 + 2 * HOUR) == (second,)
    assert followed.unlike({"1": first, "2": second}, T0) == ()


def test_a_change_of_the_pack_keeps_the_silences() -> None:
    """They are not the pack's."""
    other = quiet_city("archive_days = 31.0")
    desk = Desk(CITY)
    desk.cities[other.digest] = other
    desk.feed(silence(), PackChange(other.digest, 1), at=T0)

    desk.feed(LAMP, at=T0 + HOUR)

    assert desk.count("suppressed") == 1


def test_what_is_asked_for_again_is_the_silence_that_it_has_set() -> None:
    """As it stands by then, also where somebody else has set it in the meantime; what asks without a key is anew."""
    asked = silence(number=0, asked="k", said="s")
    known = {7: replace(asked, number=7, version=2, ended_by="otto")}

    assert set_anew(asked, False)(known) is known[7]
    assert set_anew(silence(number=0), False)(known).number == 8
    with pytest.raises(ControlError, match="silence 7 was set with this key"):
        set_anew(replace(asked, said="other"), False)(known)
