"""A gate 闸 before a city's own model: what reads like no fault goes to a person.

A city's labels need not hold a thanks, a question or a withdrawal; its model then takes each for the fault that it
names. The gate is a small model of the shipped texts that knows two things, a fault and what is none, calibrated on
texts of its own. It is no part of the city's classes, which stay what the labels say: it turns a sure answer into doubt
and offers no fault as an alternative, and changes nothing else.
"""

import numpy as np
from msgspec.structs import replace

from models.classifier.learning.bootstrap import MESSAGES
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.training import train
from models.classifier.serving.artefact import GATE, pack, unpack
from models.classifier.serving.classifier import Classifier
from models.classifier.serving.columns import category_of
from models.classifier.serving.features import pieces
from models.classifier.serving.vectoriser import batches
from models.guess import NO_FAULT

# The share of a city's labelled matters that may be withheld.
_OWN = 0.03
# Where more than this share of the labelled matters reads like no fault, such messages are matters there.
_HANDLED = 0.08
_FAULT = "fault"


def behind_gate(data: bytes, rows: Labelled, corpus: Labelled, tried: Labelled, day: str, seed: int = 0) -> bytes:
    """The same model behind a gate made of the `corpus` and calibrated on the texts `tried`.

    The model's `rows` are all matters of the city. A message is withheld where it is no fault more likely than the
    target lets an answer be wrong, and than all but `_OWN` of these rows are. A city that handles questions and
    suggestions like any report, as its labels show (`_HANDLED`), keeps its model without a gate. Raises ClassifierError
    when the texts of the corpus cannot teach anything.
    """
    gate = train(_fault_or_not(corpus), MESSAGES[:1], tried=_fault_or_not(tried), day=day, seed=seed)
    model = Classifier.from_bytes(gate)
    own = np.array([share for some, _ in batches(rows.texts, None) for share, _ in model.no_fault_of(pieces(some))])
    if (own > 0.5).mean() > _HANDLED:
        return data
    _, manifest, arrays = unpack(data)
    limit = round(float(np.quantile(own, 1 - _OWN)), 4)
    return pack(replace(manifest, withheld_from=limit), arrays | {GATE: np.frombuffer(gate, dtype=np.uint8)})


def _fault_or_not(rows: Labelled) -> Labelled:
    """The texts under two categories: a fault, and each kind of what is none."""
    return Labelled(rows.texts, [label if category_of(label) == NO_FAULT else _FAULT for label in rows.labels])
