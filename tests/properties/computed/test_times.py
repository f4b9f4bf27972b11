"""What is cached about a city's clocks is what the plain computation gives, on days when the clocks change as well."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from models.times import DAY_MS, HOUR_MS, MINUTE_MS, from_ms, from_wall, local_day, local_hour, to_ms, to_text, to_wall

# With summer time of an hour and of half an hour, changes at a minute past midnight, changes for one month, offsets of
# three quarters of an hour, a day that was left out (Apia, 2011), and none of all that.
ZONES = [
    ZoneInfo(name)
    for name in (
        "Asia/Shanghai", "America/New_York", "Europe/London", "Australia/Lord_Howe", "America/St_Johns", "Asia/Gaza",
        "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Chatham", "Pacific/Apia", "Africa/Monrovia", "UTC",
    )
]  # fmt: skip
FIRST, LAST = 0, to_ms(datetime(2037, 12, 31, tzinfo=UTC))


def offset(instant: int, zone: ZoneInfo) -> timedelta | None:
    """A zone's offset."""
    return from_ms(instant).astimezone(zone).utcoffset()


def changes(zone: ZoneInfo) -> list[int]:
    """The instants at which a zone changed its clocks, to the minute."""
    found = []
    step = 7 * DAY_MS
    for start in range(FIRST, LAST, step):
        low, high = start, start + step
        if offset(low, zone) == offset(high, zone):
            continue
        while high - low > MINUTE_MS:
            middle = (low + high) // 2 // MINUTE_MS * MINUTE_MS
            low, high = (low, middle) if offset(low, zone) != offset(middle, zone) else (middle, high)
        found.append(high)
    return found


@st.composite
def moments(draw: st.DrawFn) -> tuple[ZoneInfo, int]:
    """A zone and an instant, often one near a change of its clocks."""
    zone = draw(st.sampled_from(ZONES))
    known = _CHANGES[zone.key]
    if not known or draw(st.booleans()):
        return zone, draw(st.integers(FIRST, LAST))
    far = draw(st.sampled_from([20 * MINUTE_MS, 3 * HOUR_MS, 50 * HOUR_MS]))
    return zone, draw(st.sampled_from(known)) + draw(st.integers(-far, far))


_CHANGES = {zone.key: changes(zone) for zone in ZONES}


@given(moments())
def test_the_text_of_an_instant_is_that_of_its_datetime(moment: tuple[ZoneInfo, int]) -> None:
    """RFC 3339 in UTC, to the millisecond."""
    _, instant = moment
    assert to_text(instant) == from_ms(instant).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@given(moments())
def test_day_and_hour_of_a_quarter_are_those_of_each_instant_in_it(moment: tuple[ZoneInfo, int]) -> None:
    """As the zone itself says."""
    zone, instant = moment
    local = from_ms(instant).astimezone(zone)
    assert (local_day(instant, zone), local_hour(instant, zone)) == (local.date(), local.hour)


@given(moments())
def test_the_wall_clock_shows_what_the_zone_says(moment: tuple[ZoneInfo, int]) -> None:
    """At every instant."""
    zone, instant = moment
    local = from_ms(instant).astimezone(zone).replace(tzinfo=UTC)
    assert to_wall(instant, zone) == to_ms(local)


@given(moments())
def test_the_wall_clock_leads_back_to_the_first_instant_that_shows_it(moment: tuple[ZoneInfo, int]) -> None:
    """Also where it shows a time twice, or never."""
    zone, shown = moment
    plain = from_ms(shown).replace(tzinfo=zone, fold=0)
    assert from_wall(shown, zone) == to_ms(plain)


@given(moments())
def test_the_time_that_a_wall_clock_shows_at_an_instant_leads_to_none_later(moment: tuple[ZoneInfo, int]) -> None:
    """To that instant, or to the earlier one of two that look the same."""
    zone, instant = moment
    assert from_wall(to_wall(instant, zone), zone) <= instant
