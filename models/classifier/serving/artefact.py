"""A model as bytes: a skops file (no pickle) with a manifest in it, named by its digest and checked on the way in.

The bytes depend on the content alone: member times are fixed and skops' object numbers are renumbered, so the same
training gives the same digest. skops writes the file and any skops can read it; here it is read with NumPy alone,
which builds nothing but arrays: importing skops takes seconds that every start and takeover of intake would wait.
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.classifier.errors import ClassifierError
from models.classifier.serving.calibration import Thresholds
from models.classifier.serving.columns import Columns
from models.classifier.serving.confidence import Confidence

FORMAT = "paidan-classifier/1"
SUFFIX = ".skops"
LARGEST = 256 * 1024 * 1024
_ARRAYS = {"slots": "uint32", "block": "uint8", "worth": "float32", "lengths": "float32", "weights": "float32"}
_ARRAYS["bias"] = "float32"
# The bytes of a second model: in a first one (see `bootstrap`), and in a city's own (see `gate`).
WITNESS = "witness"
GATE = "gate"
_ID = re.compile(r'("__id__": |"file": ")(\d+)')


class Provenance(msgspec.Struct, frozen=True):
    """Where a model comes from: rows, digest of the labelled texts, the day given (or the instant of the newest label,
    where it learnt from the log), digest of the texts that it knew before ("" for none), seed, recipe, versions."""

    rows: int
    data: str
    trained: str
    seed: int
    recipe: dict[str, Any]
    versions: dict[str, str]
    prior: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All of a model that is not an array. `columns`: the labels of the weights' columns where they are not the classes
    (see `Columns`); `least_known`: the share of known pieces below which a text is alien; `mix`: how many training
    texts each category had, `unseen`: the mean share of unknown pieces in the texts that confidence comes from;
    `heard_on`: the categories that a witness is heard on, where it is not heard on all (see `bootstrap`);
    `withheld_from`: the probability of no fault from which on a gate withholds a message (see `gate`)."""

    format: str = FORMAT
    classes: tuple[str, ...]
    columns: tuple[str, ...] = ()
    groups: dict[str, str]
    costs: dict[str, float]
    target: float
    thresholds: tuple[Thresholds, ...]
    confidence: Confidence
    least_known: float
    mix: dict[str, int] = {}
    unseen: float = 0.0
    heard_on: tuple[str, ...] = ()
    withheld_from: float = 0.0
    provenance: Provenance


Arrays = Mapping[str, NDArray[Any]]


def pack(manifest: Manifest, arrays: Arrays) -> bytes:
    """The artefact's bytes, the same for the same content."""
    import skops.io  # here, because only training needs it and it imports all of scikit-learn

    raw = zipfile.ZipFile(io.BytesIO(skops.io.dumps(dict(arrays))))
    numbers: dict[str, str] = {}

    def renumber(match: re.Match[str]) -> str:
        return match[1] + numbers.setdefault(match[2], str(len(numbers) + 1))

    schema = _ID.sub(renumber, raw.read("schema.json").decode())
    members = {f"{numbers[Path(name).stem]}.npy": raw.read(name) for name in raw.namelist() if name != "schema.json"}
    members["schema.json"] = schema.encode()
    members["manifest.json"] = msgspec.json.encode(manifest, order="deterministic")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), members[name])
    return out.getvalue()


def digest(data: bytes) -> str:
    """The id of an artefact: the first 16 hex characters of its SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]


def unpack(data: bytes, expected: str | None = None) -> tuple[str, Manifest, dict[str, NDArray[Any]]]:
    """Id, manifest and arrays. Raises ClassifierError, in one sentence, for anything but a sound artefact.

    `expected` is the digest that the bytes must have, where it is known from the name or a record.
    """
    actual = digest(data)
    if expected is not None and actual != expected:
        raise ClassifierError(f"the model's bytes have the digest {actual}, not {expected}: damaged or exchanged")
    if len(data) > LARGEST:
        raise ClassifierError(f"a model of {len(data)} bytes is larger than the {LARGEST} that are allowed")
    if data[:1] == b"\x80":
        raise ClassifierError("this is a pickle; models are skops files, and a pickle is never opened")
    manifest = _manifest(data)
    try:
        arrays = _arrays(data)
    except (KeyError, ValueError, EOFError, msgspec.DecodeError) as error:
        raise ClassifierError(f"the model's arrays cannot be read: {type(error).__name__}") from error
    return actual, manifest, _checked(arrays, manifest)


class _Node(msgspec.Struct, frozen=True):
    """What skops' schema says of one NumPy array; `loader` and `type` must name nothing else."""

    file: str
    loader: Literal["NdArrayNode"] = msgspec.field(name="__loader__")
    type: Literal["numpy"]


class _Schema(msgspec.Struct, frozen=True):
    """A skops file of a dict of arrays."""

    content: dict[str, _Node]
    loader: Literal["DictNode"] = msgspec.field(name="__loader__")


def _arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays by name. Raises KeyError, ValueError, EOFError or DecodeError when they are not what skops wrote."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = msgspec.json.decode(archive.read("schema.json"), type=_Schema)
        members = {name: io.BytesIO(archive.read(node.file)) for name, node in schema.content.items()}
    return {name: np.load(member, allow_pickle=False) for name, member in members.items()}


def _manifest(data: bytes) -> Manifest:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST:
                raise ClassifierError(f"the model unpacks to more than the {LARGEST} bytes that are allowed")
            if (bad := archive.testzip()) is not None:
                raise ClassifierError(f"the model is damaged: its member {bad} fails its checksum")
            text = archive.read("manifest.json")
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise ClassifierError("this is not a model of Paidan, or only a part of one: no whole archive") from error
    except KeyError as error:
        raise ClassifierError("this is not a model of Paidan: it has no manifest") from error
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ClassifierError(f"the model's manifest is not understood: {error}") from error
    if manifest.format != FORMAT:
        raise ClassifierError(f"the model has the format {manifest.format!r}; this version reads {FORMAT!r}")
    return manifest


def _checked(arrays: dict[str, NDArray[Any]], manifest: Manifest) -> dict[str, NDArray[Any]]:
    kinds = _ARRAYS | {name: "uint8" for name in (WITNESS, GATE) if name in arrays}
    if arrays.keys() != kinds.keys():
        raise ClassifierError("the model does not hold the arrays of its format")
    for name, kind in kinds.items():
        if not isinstance(arrays[name], np.ndarray) or str(arrays[name].dtype) != kind:
            raise ClassifierError(f"the model's array {name!r} is not of type {kind}")
    features = len(arrays["slots"])
    if manifest.columns and Columns.among(manifest.columns)[:2] != (manifest.columns, manifest.classes):
        raise ClassifierError("the model's columns are not those of its classes")
    columns = len(manifest.columns or manifest.classes)
    shapes = {"block": (features,), "worth": (features,), "weights": (features, columns)}
    shapes["lengths"] = (3,)
    shapes["bias"] = (columns,)
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ClassifierError(f"the model's array {name!r} has the shape {arrays[name].shape}, not {shape}")
    return arrays
