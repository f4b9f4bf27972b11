"""The commands that make and judge models, from files to files."""

import csv
import json
import re
from pathlib import Path

from typer.testing import CliRunner

from models.classifier import Classifier
from models.classifier.learning.labelled import Labelled
from streams.cli.main import app
from tests.support.learning.classifiers import small_rows


def write(path: Path, rows: Labelled) -> Path:
    """A CSV file of labelled texts."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(zip(rows.texts, rows.labels, strict=True))
    return path


def test_train_evaluate_and_compare_from_the_command_line(tmp_path: Path) -> None:
    """A CSV becomes a model, its figures and a self-contained page; a model compared with itself may replace itself."""
    rows = small_rows()
    table = write(tmp_path / "rows.csv", rows.take(range(0, len(rows), 2)))
    other = write(tmp_path / "held.csv", rows.take(range(1, len(rows), 2)))
    run = CliRunner().invoke
    made = run(app, ["train", str(table), "--out", str(tmp_path / "m"), "--target", "0.9", "--day", "2026-01-01"])
    assert made.exit_code == 0, made.output
    page = tmp_path / "report.html"
    found = run(app, ["evaluate", str(tmp_path / "m"), str(other), "--json", "--report", str(page), "--learning"])
    assert found.exit_code == 0, found.output
    figures = json.loads(found.stdout.strip().splitlines()[-1])
    assert figures["rows"] == len(rows) // 2
    assert figures["accuracy"]["mean"] > 0.5
    html = page.read_text(encoding="utf-8")
    assert html.count("<svg") == 4
    assert "Worst mistakes" in html
    assert not re.search(r"(src|href)=\"(https?:)?//", html)
    same = run(app, ["compare", str(tmp_path / "m"), str(tmp_path / "m"), str(other)])
    assert same.exit_code == 0, same.output
    assert "may be promoted" in same.output


def test_a_new_city_gets_a_first_model_from_the_command_line(tmp_path: Path) -> None:
    """Names and keywords of two categories nobody has texts for are enough; the shipped texts join where they fit."""
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "categories.csv").write_text(
        "code,parent,name_zh,name_en,group,keywords,cost\n"
        "lamps,,路灯照明,Street lighting,lamps,路灯|不亮|灯杆|street light|lamp,1\n"
        "wages,,拖欠工资,Unpaid wages,wages,工资|欠薪|讨薪|wages|salary,1\n",
        encoding="utf-8",
    )
    made = CliRunner().invoke(
        app, ["city", "bootstrap", str(pack), "--out", str(tmp_path / "m"), "--day", "2026-01-01"]
    )
    assert made.exit_code == 0, made.output
    told = "2 of 2 learn from shipped texts that their names and keywords mean: lamps (from street-light-out), wages ("
    assert told in " ".join(made.output.split())
    model = Classifier.load(tmp_path / "m")
    guesses = model.classify(
        ["小区门口的路灯坏了，晚上很黑", "老板拖欠我们三个月工资", "My boss has not paid my wages"]
    )
    assert [guess.category for guess in guesses] == ["lamps", "wages", "wages"]
