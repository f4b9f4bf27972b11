"""The classifier reads a pack's categories as the pack itself does: what `paidan city check` accepts can be learnt."""

from pathlib import Path

import pytest

from models.city import CityError, read_city
from models.classifier import ClassifierError
from models.classifier.learning.taxonomy import Leaf, Taxonomy, read_taxonomy
from tests.support.cities import tiny_files

PLAIN = """code,parent,name_zh,name_en,group,keywords,cost
road,,道路,Roads,,,
pothole,road,坑洼,Pothole,,坑|大坑,2
collapse,road,塌陷,Collapse,sinking,,20
"""
LEAVES = {
    "pothole": Leaf("pothole", "road", ("坑洼", "Pothole"), ("坑", "大坑"), 2.0),
    "collapse": Leaf("collapse", "sinking", ("塌陷", "Collapse"), (), 20.0),
}


def taxonomy(folder: Path, content: str | bytes) -> Taxonomy:
    """Of a table with this content."""
    file = folder / "categories.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_taxonomy(file)


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        "# 2026年的事件类别\n" + PLAIN.replace("pothole,", "# reviewed in May\n\npothole,"),
        "\ufeff" + PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("坑|大坑", " 坑 ｜ 大坑 "),
        PLAIN.replace(",20", ",２０"),
    ],
    ids=["commas", "semicolons", "tabs", "remarks", "Excel", "full-width bars", "full-width digits"],
)
def test_a_table_is_read_however_a_spreadsheet_writes_it(tmp_path: Path, content: str) -> None:
    """Separators, remarks, marks, line ends and full-width signs change nothing."""
    assert taxonomy(tmp_path, content).leaves == LEAVES


def test_a_column_that_a_pack_may_leave_out_may_be_missing(tmp_path: Path) -> None:
    """No group, keywords or cost: the parent is the group, names are all there is, every mistake costs alike."""
    read = taxonomy(tmp_path, "code,name_zh,name_en,parent\nroad,道路,Roads,\npothole,坑洼,Pothole,road\n")

    assert read.leaves == {"pothole": Leaf("pothole", "road", ("坑洼", "Pothole"), (), 1.0)}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_groups_that_are_learnt_are_the_citys(tmp_path: Path, separator: str) -> None:
    """One reader for both: a category has the same group in the model as in the pack."""
    files = tiny_files()
    content = files["categories.csv"].decode().replace(",", separator)
    city = read_city(files | {"categories.csv": content.encode()})

    read = taxonomy(tmp_path, content)

    assert read.groups == {code: city.categories[code].group for code in read.leaves}
    assert read.leaves.keys() == {code for code, row in city.categories.items() if row.parent}


def test_all_mistakes_are_named_with_their_line_and_column(tmp_path: Path) -> None:
    """In the words of `paidan city check`."""
    with pytest.raises(CityError) as caught:
        taxonomy(tmp_path, PLAIN.replace("pothole,road", "Pot hole,road").replace(",20", ",dear"))

    assert [problem.partition(" ")[0] for problem in caught.value.problems] == [
        "categories.csv:3:",
        "categories.csv:4:",
    ]
    assert "code" in caught.value.problems[0]
    assert "cost" in caught.value.problems[1]


def test_a_table_without_categories_or_no_table_is_refused(tmp_path: Path) -> None:
    """There is nothing to learn from."""
    with pytest.raises(ClassifierError, match="has no category"):
        taxonomy(tmp_path, PLAIN.partition("\n")[0])
    with pytest.raises(ClassifierError, match="cannot be read"):
        read_taxonomy(tmp_path / "nowhere" / "categories.csv")
    with pytest.raises(CityError, match="not UTF-8"):
        taxonomy(tmp_path, PLAIN.encode("gbk"))
