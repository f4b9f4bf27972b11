"""Artefacts: reproducible to the byte, checked on the way in, refused in one sentence."""

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import skops.io
from sklearn.svm import LinearSVC

from models.classifier import Classifier, ClassifierError
from models.classifier.learning.training import train
from models.classifier.serving.artefact import digest
from models.classifier.serving.store import Store
from tests.support.learning.classifiers import GROUPS, RECIPES, small_bytes, small_model, small_rows


@pytest.mark.slow
def test_the_same_training_gives_the_same_bytes() -> None:
    """Same rows, day, seed and versions: the same digest."""
    again = train(small_rows(), RECIPES, day="2026-01-01", groups=GROUPS, target=0.9)
    assert digest(small_bytes()) == digest(again)


def test_the_manifest_says_where_the_model_comes_from() -> None:
    """Rows, digest of the data, day, seed, recipe and versions are in the artefact."""
    origin = small_model().manifest.provenance
    assert (origin.rows, origin.trained, origin.seed) == (len(small_rows()), "2026-01-01", 0)
    assert origin.data == small_rows().digest()
    assert {"numpy", "scikit-learn", "skops"} <= origin.versions.keys()


def test_skops_itself_can_read_it() -> None:
    """The artefact is a skops file that needs no trust beyond arrays."""
    assert skops.io.get_untrusted_types(data=small_bytes()) == []
    assert "weights" in skops.io.loads(small_bytes())


def foreign() -> bytes:
    """A sound skops file of something else."""
    data: bytes = skops.io.dumps(LinearSVC())
    return data


def truncated() -> bytes:
    """The first half."""
    return small_bytes()[: len(small_bytes()) // 2]


def flipped() -> bytes:
    """One bit changed in the middle."""
    data = bytearray(small_bytes())
    data[len(data) // 2] ^= 1
    return bytes(data)


def without_arrays() -> bytes:
    """A zip with the manifest alone."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(small_bytes())) as whole, zipfile.ZipFile(out, "w") as part:
        part.writestr("manifest.json", whole.read("manifest.json"))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (bytes, "not a model"),
        (lambda: b"text,label\n", "not a model"),
        (lambda: pickle.dumps({"weights": [1]}), "pickle"),
        (truncated, "no whole archive"),
        (flipped, "damaged"),
        (foreign, "no manifest"),
        (without_arrays, "arrays cannot be read"),
    ],
    ids=["empty", "text", "pickle", "truncated", "flipped", "foreign", "without arrays"],
)
def test_a_bad_artefact_is_refused_in_one_sentence(data: Callable[[], bytes], says: str) -> None:
    """Damaged, foreign or dangerous bytes give a ClassifierError that says which."""
    with pytest.raises(ClassifierError, match=says) as caught:
        Classifier.from_bytes(data())
    assert "\n" not in str(caught.value)


def test_a_wrong_digest_is_refused(tmp_path: Path) -> None:
    """A file named by a digest must have it."""
    (tmp_path / "0123456789abcdef.skops").write_bytes(small_bytes())
    with pytest.raises(ClassifierError, match="damaged or exchanged"):
        Classifier.load(tmp_path)


def test_a_folder_must_hold_exactly_one_model(tmp_path: Path) -> None:
    """None or two are ambiguous."""
    with pytest.raises(ClassifierError, match="holds 0 models"):
        Classifier.load(tmp_path)
    with pytest.raises(ClassifierError, match="cannot be read"):
        Classifier.load(tmp_path / "missing.skops")


def test_a_store_gives_back_what_it_took(tmp_path: Path) -> None:
    """Put, list and load by digest; putting twice is putting once."""
    store = Store(str(tmp_path / "models"))
    assert list(store) == []
    name = store.put(small_bytes())
    assert store.put(small_bytes()) == name == small_model().id
    assert list(store) == [name]
    assert store.load(name).classes == small_model().classes


def test_a_store_refuses_what_is_damaged_or_missing(tmp_path: Path) -> None:
    """Bytes that changed in the store do not get out, unsound ones do not get in."""
    store = Store(str(tmp_path))
    name = store.put(small_bytes())
    (tmp_path / f"{name}.skops").write_bytes(flipped())
    with pytest.raises(ClassifierError, match="damaged"):
        store.load(name)
    with pytest.raises(ClassifierError, match="has no model"):
        store.load("0" * 16)
    with pytest.raises(ClassifierError, match="pickle"):
        store.put(pickle.dumps(1))


def test_a_store_may_be_in_memory() -> None:
    """Any fsspec address will do."""
    store = Store("memory://paidan-test-models")
    assert store.load(store.put(small_bytes())).id == small_model().id
