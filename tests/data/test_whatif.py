"""What if Boston's departments had half as long, or half of the town another department?"""

from pathlib import Path

import pytest

from dispatcher.whatif.comparing import CITY
from tests.support.boston import convert, halved
from tests.support.boston.halved import Halved

EVERY = 120  # one case in so many; `scripts/prove whatif` takes them all


@pytest.fixture(scope="module")
def rows(shared: Path) -> list[dict[str, str]]:
    """Some of the cases."""
    return convert.read(shared / "boston_311" / "2015_jan_sep.csv.gz")[::EVERY]


@pytest.fixture(scope="module")
def tried(rows: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Halved:
    """Decided three times: as they were, the same again, and with half the limit for handling."""
    return halved.try_out(rows, convert.write(rows, tmp_path_factory.mktemp("boston"))[1])


def test_the_same_pack_makes_no_difference(tried: Halved) -> None:
    """Every fact is the same byte for byte; no order, limit or figure differs."""
    same = tried.same
    assert same.facts > 5_000
    assert tried.chains_alike
    assert (same.unlike, same.elsewhere, same.missed, same.changes) == ((), (), (), ())
    assert (same.refused, same.failed) == (0, 0)


def test_half_a_limit_is_missed_by_the_orders_that_the_csv_names(tried: Halved, rows: list[dict[str, str]]) -> None:
    """Exactly these: each misses handling once more, none goes elsewhere, and they are what is behind each rate."""
    late = halved.late(rows)
    half = tried.half
    assert late
    assert {(each.stage, each.real, each.whatif) for each in half.missed} == {("handle", 0, 1)}
    assert len(half.missed) == len(late)
    assert tried.cases_of(each.order_id for each in half.missed) == late.keys()
    assert half.elsewhere == ()
    behind = {(each.dimension, each.key, each.indicator): each for each in half.changes}
    assert {indicator for _, _, indicator in behind} == {"handle_on_time_rate"}
    assert tried.cases_of(behind[CITY, "", "handle_on_time_rate"].orders) == late.keys()
    departments = {
        key: tried.cases_of(each.orders) for (dimension, key, _), each in behind.items() if dimension == "department"
    }
    assert departments == {name: {case for case, own in late.items() if own == name} for name in late.values()}
