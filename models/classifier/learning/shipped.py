"""The model that Paidan ships: trained on the bootstrap corpus where Paidan is set up, the same everywhere.

    python -m models.classifier.learning.shipped [OUTDIR]

builds it unless OUTDIR (the environment's own folder by default) already holds it. The file `key` beside it digests
corpus, calibration texts, lexicon, taxonomy, code and library versions, so a changed text or a changed line of the
training builds a new one, and nothing else does.
"""

import hashlib
import os
import sys
from importlib.metadata import version
from pathlib import Path

import msgspec

from models.classifier.errors import ClassifierError
from models.classifier.learning.bootstrap import MESSAGES, bootstrap, keyword_rows
from models.classifier.learning.gate import Shipped
from models.classifier.learning.labelled import Labelled, read
from models.classifier.learning.taxonomy import read_taxonomy
from models.classifier.learning.training import Progress, quiet
from models.classifier.serving.artefact import SUFFIX
from models.classifier.serving.classifier import Classifier
from models.classifier.serving.columns import category_of
from models.classifier.serving.model_path import SHIPPED
from models.errors import PaidanError
from models.guess import NO_FAULT

CORPUS = Path(__file__).parent / "corpus"
CALIBRATION = Path(__file__).parent / "calibration"
EVERYDAY = Path(__file__).parent / "everyday"
LEXICON = Path(__file__).parent / "lexicon.csv"
TAXONOMY = Path(__file__).parents[3] / "cities" / "demo" / "categories.csv"
DAY = "2026-01-01"
_PACKAGES = ("msgspec", "numpy", "scikit-learn", "scipy", "skops")


def corpus() -> Labelled:
    """The bootstrap corpus: every text with a category, files in order of their names. Raises ClassifierError."""
    files = sorted(CORPUS.glob("*.csv"))
    if not files:
        raise ClassifierError("the bootstrap corpus is missing from this installation")
    return read(files, "text", "category", drop=("",))


def calibration() -> Labelled:
    """The texts of another hand than the corpus's that no model learns from: how sure a model of the corpus may be is
    learnt from what it says of them. Raises ClassifierError."""
    return read(sorted(CALIBRATION.glob("*.csv")), "text", "category")


def everyday() -> Labelled:
    """Plain texts like most of a day's messages, on which no model trains either: how sure a model may be is learnt
    from them too, but not from where on it decides by itself. Raises ClassifierError."""
    return read(sorted(EVERYDAY.glob("*.csv")), "text", "category")


def lexicon() -> Labelled:
    """The words of the trade 行业词表: what people call the things of each category, what is wrong with them and what
    that does, a word a row. Raises ClassifierError."""
    rows = read([LEXICON], "words", "category")
    pairs = [(word, label) for cell, label in zip(rows.texts, rows.labels, strict=True) for word in cell.split("|")]
    return Labelled([word for word, _ in pairs], [label for _, label in pairs])


def no_fault() -> Labelled:
    """The texts of the corpus that are no fault, labelled by their kinds; no city's own rows need have any."""
    rows = corpus()
    return rows.take(n for n, label in enumerate(rows.labels) if category_of(label) == NO_FAULT)


def known_before() -> Labelled:
    """What a city's model may know before its first label: the corpus, names and keywords of the demo city."""
    return corpus().plus(keyword_rows(read_taxonomy(TAXONOMY)))


def gate_parts() -> Shipped:
    """What the gate before a city's own model is made of. Raises ClassifierError."""
    taxonomy = read_taxonomy(TAXONOMY)
    return Shipped(corpus(), lexicon().plus(keyword_rows(taxonomy)), calibration(), taxonomy.groups)


def key() -> str:
    """A digest of all that the shipped model depends on."""
    total = hashlib.sha256()
    parts = [
        (path.name, path.read_bytes())
        for path in (
            *sorted(CORPUS.glob("*.csv")),
            *sorted(CALIBRATION.glob("*.csv")),
            *sorted(EVERYDAY.glob("*.csv")),
            LEXICON,
            *sorted(Path(__file__).parents[1].rglob("*.py")),
        )
    ]
    for name, content in (*parts, (TAXONOMY.name, msgspec.json.encode(read_taxonomy(TAXONOMY)))):
        total.update(f"{name}\0{len(content)}\0".encode() + content)
    total.update(" ".join(f"{name}={version(name)}" for name in _PACKAGES).encode())
    return total.hexdigest()[:16]


def build(out: Path, progress: Progress = quiet) -> Path:
    """The model file in `out`, trained now unless the one there is current. Raises ClassifierError."""
    wanted = key()
    stamp = out / "key"
    present = sorted(out.glob(f"*{SUFFIX}"))
    if len(present) == 1 and stamp.is_file() and stamp.read_text() == wanted:
        return present[0]
    # The demo city's people write as those of the calibration texts do.
    known = read_taxonomy(TAXONOMY), corpus(), calibration()
    data = bootstrap(
        *known,
        day=DAY,
        progress=progress,
        recipes=MESSAGES,
        strange=False,
        lexicon=lexicon(),
        everyday=everyday(),
    )
    model = Classifier.from_bytes(data)
    out.mkdir(parents=True, exist_ok=True)
    part = out / f"{model.id}.{os.getpid()}.part"
    part.write_bytes(data)
    for old in present:
        old.unlink(missing_ok=True)
    target = part.rename(out / f"{model.id}{SUFFIX}")
    stamp.write_text(wanted)
    return target


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{build(Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED)}\n")
    except PaidanError as error:
        sys.exit(f"shipped model: {error}")
