"""docs/city-pack.md leads from nothing to the first right dispatch: its commands are run as they stand there."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.city import load_city
from models.classifier import Classifier
from models.errors import UsageError
from models.events import REPORT
from models.times import now_ms
from streams.cli.packs.city import app
from streams.intake.batch import take_in
from streams.intake.drafts import Keys
from streams.settings import NEW_CITY
from tests.conftest import REPOSITORY
from tests.support.desks import Desk
from tests.support.messages import record

PAGE = (REPOSITORY / "docs" / "city-pack.md").read_text(encoding="utf-8")
COMMANDS, CURL = re.findall(r"```bash\n(.*?)```", PAGE.partition("## From nothing")[2].partition("\n## ")[0], re.DOTALL)


@pytest.mark.timeout(300)
def test_the_page_leads_from_nothing_to_the_first_right_dispatch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new pack passes, a model is made of it, and the page's report goes where `try` has said."""
    monkeypatch.chdir(tmp_path)
    said = []
    for line in COMMANDS.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        if program == "export":
            for setting in arguments:
                monkeypatch.setenv(*setting.split("=", 1))
            continue
        assert [program, arguments[0]] == ["paidan", "city"]
        done = CliRunner().invoke(app, arguments[1:], env={"COLUMNS": "200"})
        assert done.exit_code == 0, done.output
        said.append(done.output)

    *_, tried, ruled = said
    assert "(pothole)" in tried
    assert "(roads)" in tried
    assert "open-manhole" in ruled
    city = load_city(tmp_path / "mycity")
    posted = re.search(r"-d '(.*)'", CURL)
    assert posted is not None
    model = Classifier.load(tmp_path / "models", target=city.settings.target_accuracy)
    taken = take_in([record(REPORT, posted[1].encode())], city, model, now_ms(), Keys(b"k"))
    desk = Desk(city)
    desk.feed(*taken.items["west-street"])
    assert (desk.only().state, desk.only().department) == ("assigned", "roads")


def test_the_commented_pack_names_every_file_that_a_pack_may_have() -> None:
    """So that nobody has to look for the heads of a table."""
    listed = re.findall(r"^\| `([a-z]+\.[a-z]+)` \|", PAGE, re.MULTILINE)

    assert sorted(file.name for file in NEW_CITY.iterdir()) == sorted(listed)
    for file in NEW_CITY.iterdir():
        assert file.suffix == ".geojson" or file.read_text(encoding="utf-8").startswith("# ")


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    """A second `new` would write over what an official has entered."""
    (tmp_path / "notes.txt").write_text("mine")

    done = CliRunner().invoke(app, ["new", str(tmp_path)])

    assert isinstance(done.exception, UsageError)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
