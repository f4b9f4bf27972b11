"""The nearest unit over the grid is the nearest of all, whatever stands where."""

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.partition.index import Entry, Key, entry_of_unit, of_unit
from dispatcher.units.nearest import Near, great_circle_m, nearest, one_ring, rings_around

# Around one place, so that there are neighbours, also over the edges of cells, the equator and the date line.
CENTRES = st.sampled_from([(30.6, 114.3), (0.0, 0.0), (-37.8, 179.99), (69.6, 18.9), (36.06, -180.0)])
AWAY = st.floats(-0.3, 0.3)
UNITS = st.lists(st.tuples(AWAY, AWAY, st.sampled_from([None, 0.0, 500.0, 4_000.0])), max_size=40)


def moved(centre: tuple[float, float], north: float, east: float) -> tuple[float, float]:
    """A place so many degrees away, as it is written everywhere."""
    return centre[0] + north, (centre[1] + east + 180) % 360 - 180


@given(centre=CENTRES, off=st.tuples(AWAY, AWAY), units=UNITS, reach_km=st.floats(0.1, 60))
def test_the_grid_finds_what_looking_at_all_finds(
    centre: tuple[float, float],
    off: tuple[float, float],
    units: list[tuple[float, float, float | None]],
    reach_km: float,
) -> None:
    """The least of distance and load within reach, of equals the first id; those that do not suit do not count."""
    here, reach_m = moved(centre, *off), reach_km * 1_000
    grid: dict[Key, list[Entry]] = {}
    extras: dict[str, float | None] = {}
    expected: list[Near] = []
    for n, (north, east, extra) in enumerate(units):
        name, there = f"u{n}", moved(centre, north, east)
        grid.setdefault(of_unit(*there), []).append(entry_of_unit(name, *there))
        extras[name] = extra
        away = great_circle_m(*here, *there)
        if extra is not None and away <= reach_m:
            expected.append(Near(away + extra, name, away))

    around = rings_around(*here, lambda key: grid.get(key, ()))
    all_of_them = one_ring([entry for cell in grid.values() for entry in cell])
    for rings in (around, all_of_them):
        assert nearest(*here, reach_m, rings, extras.__getitem__) == min(expected, default=None)
