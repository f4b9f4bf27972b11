"""Mistakes at the learning commands are one clear sentence each, and nothing is changed by them."""

import io
import pickle
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.classifier.serving.store import Store
from models.errors import PaidanError
from streams.cli.main import app
from tests.support.learning.classifiers import small_bytes


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """The store of the commands' settings, empty."""
    return Store(str(tmp_path / "models"))


def refusal(store: Store, *arguments: str) -> str:
    """The sentence with which a command ends."""
    done = CliRunner().invoke(app, arguments, env={"PAIDAN_MODELS": store.address, "PAIDAN_KAFKA": "127.0.0.1:1"})
    assert isinstance(done.exception, PaidanError), done.output
    return str(done.exception)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("words,label\nx,a\n", "there is no column 'text'; the columns are words, label"),
        ("text,label\nx,a\ny,a\nz,a\n", "all 3 texts have the one category 'a'; nothing to tell apart"),
        ("text,label\n,a\n ,b\n", "no row has a text in the column 'text'"),
        ("text,label\nx,a\ny,\n", "the column 'label' is empty: a text without its category"),
        ("", "there is no column 'text'; the columns are none"),
    ],
    ids=["missing column", "one class", "empty texts", "no label", "empty file"],
)
def test_a_file_that_teaches_nothing_is_refused(store: Store, tmp_path: Path, content: str, sentence: str) -> None:
    """Named is what is wrong with it; no model is made."""
    file = tmp_path / "rows.csv"
    file.write_text(content, encoding="utf-8")
    assert sentence in refusal(store, "train", str(file))
    assert list(store) == []


def test_training_needs_something_to_learn_from(store: Store) -> None:
    """Neither files nor the log were named."""
    assert refusal(store, "train") == "give files of labelled texts, or --from-log"


def foreign() -> bytes:
    """A zip of something else."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("weights.bin", b"0")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (pickle.dumps({"weights": 1}), "this is a pickle"),
        (foreign(), "it has no manifest"),
        (b"hello", "this is not a model of Paidan"),
        (small_bytes()[:-9], "this is not a model of Paidan, or only a part of one"),
    ],
    ids=["pickle", "foreign", "text", "damaged"],
)
def test_a_damaged_or_foreign_artefact_does_not_get_into_the_store(
    store: Store, tmp_path: Path, data: bytes, sentence: str
) -> None:
    """It is loaded before it is kept."""
    file = tmp_path / "model"
    file.write_bytes(data)
    assert sentence in refusal(store, "model", "add", str(file))
    assert list(store) == []


@pytest.mark.parametrize("command", ["promote", "shadow"])
def test_a_model_that_the_store_lacks_or_has_damaged_is_not_put_in_force(store: Store, command: str) -> None:
    """It is loaded before Kafka is asked for anything."""
    assert "has no model '0123456789abcdef'" in refusal(store, "model", command, "0123456789abcdef")
    name = store.put(small_bytes())
    [file] = Path(store.address).glob("*.skops")
    file.write_bytes(file.read_bytes()[:-9])
    assert "damaged" in refusal(store, "model", command, name)


def test_labels_of_a_window_that_ends_before_it_begins_are_refused(store: Store) -> None:
    """Before the log is read."""
    found = refusal(store, "labels", "export", "--since", "2026-03-02", "--until", "2026-03-01")
    assert found == "--until lies before --since"


def test_a_folder_with_one_model_can_be_put_into_the_store(store: Store, tmp_path: Path) -> None:
    """What makes a model writes a folder, and the store takes just that; a folder without one is one sentence."""
    made, empty = tmp_path / "made", tmp_path / "empty"
    made.mkdir()
    empty.mkdir()
    (made / "first.skops").write_bytes(small_bytes())

    done = CliRunner().invoke(app, ["model", "add", str(made)], env={"PAIDAN_MODELS": store.address})

    assert [done.output.strip()] == list(store)
    assert f"the folder {empty} holds 0 models" in refusal(store, "model", "add", str(empty))
