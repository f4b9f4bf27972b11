"""Texts that are one matter: the thresholds that cities begin with, on real reports."""

from pathlib import Path

import pytest

from bench.quality import alike
from models.city.tunables import CitySettings


@pytest.mark.parametrize("setting", ["merge_similarity", "review_similarity"])
def test_a_threshold_is_right_nineteen_times_of_twenty_and_finds_seven_of_ten(shared: Path, setting: str) -> None:
    """Without a look at place and time, which the desk has besides; what the rule joins has all been read."""
    known = alike.pairs(alike.messages(shared / "hotline_zh" / "unlabelled.csv.gz"))
    wanted = CitySettings.model_fields[setting].default

    (found,) = alike.measured(known, [wanted])

    assert found.precision >= 0.95
    assert min(found.recall, found.of_messages) >= 0.7
    assert [pair for pair in known if pair.read is None and not pair.near and alike.joins(pair, wanted)] == []
