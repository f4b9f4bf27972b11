"""A described scene in which nothing is the matter is told from one in which something may be."""

import pytest

from models.formats.quiet_scenes import is_quiet, without_denials

QUIET = """
street, cars, people walking
A quiet street with cars and pedestrians.
A busy intersection with traffic lights and people crossing
The image shows a city street with buildings and trees. No abnormal situation is observed.
The road is clear and there are no accidents or obstructions.
Nothing unusual in the scene
a man riding a bicycle
no fire, smoke or flames are visible in the image
the image does not show any unusual activity
街道上有行人和车辆，一切正常
画面中有几辆汽车在道路上行驶，行人走在人行道上
路口红绿灯正常，车辆有序通行
画面正常，未发现异常
未发现明火、烟雾等异常情况
交通有序，无拥堵
夜间空旷的街道
"""
OF_MATTER = """
a person lying on the road
people running on the street
two cars have crashed
a tree on the road
a truck across the road
cars on the sidewalk
a dark street
no street lights on the road
no fire extinguisher in the corridor
There is no smoke, but water is gushing from the road
fire on the street
the camera of the bridge is broken
没有红绿灯
信号灯不正常
道路不畅通
没有垃圾桶
无烟雾报警器
没有发现火灾，但有浓烟
人行道上有汽车
画面正常，路边垃圾满溢
树倒在路面上
行人在高速公路上行走
улица и машины
"""


@pytest.mark.parametrize("text", QUIET.strip().splitlines())
def test_a_street_as_streets_are_is_nothing_for_anybody(text: str) -> None:
    """Nor is it when the description says what is not there."""
    assert is_quiet(text)


@pytest.mark.parametrize("text", OF_MATTER.strip().splitlines())
def test_a_word_that_is_not_always_there_may_be_of_something(text: str) -> None:
    """That a light, a bin or an extinguisher is missing is a fault itself; a car and a pavement may be a parked car."""
    assert not is_quiet(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("A car on the kerb. No fire or smoke is visible.", "a car on the kerb"),
        ("垃圾桶满溢，未见明火和烟雾", "垃圾桶满溢"),
        ("No fire visible", ""),
        ("No street light burns", "No street light burns"),
        ("Smoke", "Smoke"),
    ],
)
def test_what_is_denied_is_not_what_is_seen(text: str, left: str) -> None:
    """The rest stands; a text that denies no trouble is as it was."""
    assert without_denials(text) == left
