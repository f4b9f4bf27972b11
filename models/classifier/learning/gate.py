"""A gate 闸 before a city's own model: what reads like no fault goes to a person.

A city's labels need not hold a thanks, a question or a withdrawal; its model then takes each for the fault that it
names. The gate is a small model of the shipped texts that knows the groups of faults and the kinds of what is none,
calibrated on texts of its own. It is no part of the city's classes, which stay what the labels say: it turns a sure
answer into doubt and offers no fault as an alternative, and changes nothing else.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from models.classifier.learning.bootstrap import MESSAGES
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.training import train
from models.classifier.serving.artefact import GATE, pack, unpack
from models.classifier.serving.classifier import Classifier
from models.classifier.serving.features import pieces
from models.classifier.serving.vectoriser import batches

# The share of a city's labelled matters that may be withheld …
_OWN = 0.03
# … but for what is no fault as likely as this: the few of its matters that read most like no fault lie where one hardly
# differs from the next; a limit among them is chance, and lets through whatever reads a little less so.
_SURELY = 0.8
# Where more than this share of the labelled matters reads like no fault, such messages are matters there.
_HANDLED = 0.08


class Shipped(NamedTuple):
    """What a gate is made of: texts and words under categories and kinds of no fault, other texts to calibrate it on,
    and each category's group: many groups tell a short message of a fault better than one class of all faults."""

    corpus: Labelled
    words: Labelled
    tried: Labelled
    groups: Mapping[str, str]


def behind_gate(data: bytes, rows: Labelled, shipped: Shipped, day: str, seed: int = 0) -> bytes:
    """The same model behind a gate made of what is `shipped`.

    The model's `rows` are all matters of the city. A message is withheld where it is no fault more likely than the
    target lets an answer be wrong, and than all but `_OWN` of these rows are, or than `_SURELY`. A city that handles
    questions and suggestions like any report, as its labels show (`_HANDLED`), keeps its model without a gate. Raises
    ClassifierError when the texts of the corpus cannot teach anything.
    """
    texts, words, tried = (_by_group(part, shipped.groups) for part in (shipped.corpus, shipped.words, shipped.tried))
    gate = train(texts, MESSAGES[:1], extra=words, tried=tried, day=day, seed=seed)
    model = Classifier.from_bytes(gate)
    own = np.array([share for some, _ in batches(rows.texts, None) for share, _ in model.no_fault_of(pieces(some))])
    if (own > 0.5).mean() > _HANDLED:
        return data
    _, manifest, arrays = unpack(data)
    limit = round(min(float(np.quantile(own, 1 - _OWN)), _SURELY), 4)
    return pack(replace(manifest, withheld_from=limit), arrays | {GATE: np.frombuffer(gate, dtype=np.uint8)})


def _by_group(rows: Labelled, groups: Mapping[str, str]) -> Labelled:
    """The texts of faults under their groups, those of no fault under their kinds."""
    return Labelled(rows.texts, [groups.get(label, label) for label in rows.labels])
