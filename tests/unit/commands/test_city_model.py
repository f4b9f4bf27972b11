"""The commands of a city speak for the model in force and for the accuracy that the pack asks for."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.city import City, load_city
from models.classifier import Classifier
from models.classifier.serving.store import Store
from models.guess import Guess
from streams.cli.packs.city import app
from streams.control import model_pointers
from streams.control.model_pointers import Pointers
from streams.settings import Settings
from tests.support.cities import FILES, tiny_files, written
from tests.support.learning.classifiers import small_bytes, unseen_rows

RUNNER = CliRunner()
WIDE = {"COLUMNS": "300"}
AT = ("--at", "30.05,114.05")

Packs = Callable[..., Path]


@pytest.fixture(autouse=True)
def promoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A small model in the store, of which the control topic says that it is in force; its id."""
    address = str(tmp_path / "models")
    name = Store(address).put(small_bytes())

    async def pointers(_: Settings) -> Pointers:
        return Pointers(active=name, shadow="", previous="")

    monkeypatch.setenv("PAIDAN_MODELS", address)
    monkeypatch.setattr(model_pointers, "read_pointers", pointers)
    return name


@pytest.fixture
def pack(tmp_path: Path) -> Packs:
    """Writes the tiny city with these settings, and files instead of its own, as a folder."""

    def write(settings: str = "", **files: str) -> Path:
        overrides = {name.replace("_", "."): text for name, text in files.items()}
        return written(tmp_path / f"pack{len(list(tmp_path.iterdir()))}", tiny_files(overrides, settings))

    return write


def shown(*arguments: str) -> str:
    """What a command of `paidan city` prints."""
    result = RUNNER.invoke(app, arguments, env=WIDE, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def told(guess: Guess) -> str:
    """A guess as `city try` writes it."""
    return f"{guess.outcome}: {', '.join(f'{code} {share:.2f}' for code, share in guess.alternatives)}"


def asked(city: City, text: str) -> Guess:
    """What the promoted model says in this city."""
    model = Classifier.from_bytes(small_bytes(), target=city.settings.asked_accuracy)
    return model.in_city(city.categories).classify([text])[0]


def test_try_asks_the_promoted_model_for_the_accuracy_of_the_pack(pack: Packs) -> None:
    """One text that goes out by itself where four in five are to be right, and waits for a person at a higher target
    and where the city is cautious."""
    lax, strict, cautious = (
        pack("target_accuracy = 0.8\n"),
        pack("target_accuracy = 0.99\n"),
        pack('target_accuracy = 0.98\ncaution = "cautious"\n'),
    )
    text = between(load_city(lax), load_city(strict))

    outcomes = [shown("try", text, *AT, "--city", str(folder)) for folder in (lax, strict, cautious)]

    assert told(asked(load_city(lax), text)) in outcomes[0]
    assert "roads" in outcomes[0]
    for outcome in outcomes[1:]:
        assert told(asked(load_city(strict), text)) in outcome
        assert "review: probability" in outcome


def between(lax: City, strict: City) -> str:
    """A text of a hole in the road of which the model is sure enough for one city and not for the other."""
    rows = unseen_rows()
    texts = [text for text, label in zip(rows.texts, rows.labels, strict=True) if label == "pothole"]

    def outcomes(city: City) -> list[Guess]:
        model = Classifier.from_bytes(small_bytes(), target=city.settings.asked_accuracy)
        return model.in_city(city.categories).classify(texts)

    return next(
        text
        for text, one, other in zip(texts, outcomes(lax), outcomes(strict), strict=True)
        if one.outcome == "confident" and one.category == "pothole" and other.outcome == "abstain"
    )


def test_try_tells_the_word_of_the_citys_own_that_counted(pack: Packs) -> None:
    """A keyword of categories.csv that the model never saw: the word, its category and its weight."""
    own = FILES["categories.csv"].replace("坑|hole", "坑|hole|月球表面")

    said = shown("try", "这条路像月球表面一样", *AT, "--city", str(pack(categories_csv=own)))

    assert "beside (keyword)" in said
    assert "月球表面: pothole +3.00" in said


def test_check_names_what_the_promoted_model_does_not_know(pack: Packs) -> None:
    """It has learnt of potholes; the other seven of the tiny city's categories go to people."""
    said = " ".join(shown("check", str(pack())).split())

    assert "7 of 8 categories are unknown to the model in force" in said
    assert "street-light, guardrail, illegal-parking" in said
    assert "pothole," not in said
