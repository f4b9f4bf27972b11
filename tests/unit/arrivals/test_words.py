"""A report's title and text as one."""

import pytest

from models.words import whole_text


@pytest.mark.parametrize(
    ("title", "text", "whole"),
    [
        ("", "路灯不亮", "路灯不亮"),
        ("求助", "路灯不亮", "求助\n路灯不亮"),
        ("路灯", "路灯不亮", "路灯不亮"),
        ("路灯不亮", "路灯不亮", "路灯不亮"),
        ("求助", "", "求助\n"),
    ],
)
def test_a_title_stands_before_its_text_unless_the_text_begins_with_it(title: str, text: str, whole: str) -> None:
    """So that nothing is read twice by the rules, the classifier or whoever labels."""
    assert whole_text(title, text) == whole
