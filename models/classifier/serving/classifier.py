"""The classifier at work: texts in, guesses with doubt and reasons out."""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.city.places import Places
from models.city.values import Category
from models.classifier.errors import ClassifierError
from models.classifier.serving import artefact
from models.classifier.serving.arrays import Flags, Floats, Ints
from models.classifier.serving.calibration import NEVER, Thresholds, doubtful_none
from models.classifier.serving.columns import Columns, kind_of
from models.classifier.serving.confidence import Groups, Judged, exchanged
from models.classifier.serving.doubt import below, not_claimed, seconded, withheld
from models.classifier.serving.explain import top_terms
from models.classifier.serving.features import SLOTS, Pieces, shorten, slot_of
from models.classifier.serving.matter.behind_no_fault import feared
from models.classifier.serving.matter.beside import CityWords, weighed
from models.classifier.serving.matter.clauses import SHORT, Clause, Parted, clauses, few, parted
from models.classifier.serving.matter.edges import without_edges
from models.classifier.serving.matter.framing import unwrapped
from models.classifier.serving.matter.reminders import REMINDER, is_reminder, kind_in
from models.classifier.serving.matter.second_matter import Signs, others, second_of, signs, with_spoken_second
from models.classifier.serving.matter.side_clauses import without_side_clauses
from models.classifier.serving.matter.sure_clause import as_sure_as_a_clause, sure_by_a_clause
from models.classifier.serving.matter.wordless import is_only_sent, is_wordless, may_say_where
from models.classifier.serving.model_path import SHIPPED, read_model
from models.classifier.serving.vectoriser import BATCH, Contexts, Encoded, Vectoriser, batches
from models.guess import NO_FAULT, Corroboration, Guess, GuessOutcome
from models.plain_words import plain

_NAMED = re.compile(r"[0-9a-f]{16}")
FEWEST = 2
_TOO_LITTLE = "too little text that the model knows"


class Classifier:
    """A loaded model. Immutable; safe to share between threads.

    `id` is the artefact's digest, `classes` its categories, `target` the accuracy that
    automatic decisions shall have (the training's unless given: thresholds for 0.80 to 0.995 are in the artefact).
    """

    def __init__(self, data: bytes, expected: str | None = None, target: float | None = None) -> None:
        self.id, self.manifest, arrays = artefact.unpack(data, expected)
        self.classes = self.manifest.classes
        self.vectoriser = Vectoriser(arrays["slots"], arrays["block"], arrays["worth"], arrays["lengths"])
        if len(arrays["slots"]) and int(arrays["slots"].max()) >= SLOTS:
            raise ClassifierError("the model's array 'slots' points outside its table")
        self.weights = arrays["weights"]
        self.bias = arrays["bias"]
        self._table = self.vectoriser.table()
        self._columns = Columns.among(self.manifest.columns or self.classes)
        self._column_of = dict(zip(self.classes, self._columns.first.tolist(), strict=True))
        self._groups = Groups.among(self.classes, self.manifest.groups)
        self.target = self.manifest.target if target is None else target
        self._thresholds = self._for_target(self.target)
        usual = self._for_target(self.manifest.target)
        self._none_in_doubt = usual.classes.get(NO_FAULT, usual.category)
        second = arrays.get(artefact.WITNESS)
        self._words: CityWords | None = None
        self._places: Places | None = None
        self._witness = None if second is None else Classifier(second.tobytes(), target=self.target)
        gate = arrays.get(artefact.GATE)
        self._gate = None if gate is None else Classifier(gate.tobytes())
        # A message that is no fault more likely than the target lets an answer be wrong cannot be as sure as that.
        self._withheld_from = max(doubtful_none(self.target), self.manifest.withheld_from)
        self._limits = tuple(self._thresholds.classes.get(c, self._thresholds.category) for c in self.classes)
        self._costs = np.array([self.manifest.costs.get(c, 1.0) for c in self.classes], dtype=np.float32)
        self._feared = np.where(self._costs > 1, self._costs, np.float32(0))
        self._none = self.classes.index(NO_FAULT) if NO_FAULT in self.classes else None

    @classmethod
    def load(cls, path: str | Path, expected: str | None = None, target: float | None = None) -> "Classifier":
        """From a file, or from a folder that holds exactly one model. Raises ClassifierError.

        A file that is named by a digest (16 hex characters) must have it; so must any file when `expected` is given.
        """
        path, data = read_model(Path(path))
        if expected is None and _NAMED.fullmatch(path.stem):
            expected = path.stem
        try:
            return cls(data, expected, target)
        except ClassifierError as error:
            raise ClassifierError(f"{path}: {error}") from error

    @classmethod
    def from_bytes(cls, data: bytes, expected: str | None = None, target: float | None = None) -> "Classifier":
        """From an artefact's bytes. Raises ClassifierError."""
        return cls(data, expected, target)

    @classmethod
    def shipped(cls, target: float | None = None) -> "Classifier":
        """The model built at set-up from the bootstrap corpus. Raises ClassifierError when it has not been built."""
        if not SHIPPED.is_dir():
            raise ClassifierError(
                "the shipped model has not been built yet: run scripts/setup, or beside an installed wheel "
                "python -m models.classifier.learning.shipped"
            )
        return cls.load(SHIPPED, target=target)

    def in_city(self, categories: Mapping[str, Category], places: Places | None = None) -> "Classifier":
        """The same model beside what a city's `categories.csv` says: the reporter's own category counts, and so do the
        keywords that the model, asked about one alone, is not sure are of their category (see `beside`). What names
        nothing but one of its `places` is no matter."""
        words = CityWords(categories, self.classes)
        asked = list(words.keywords)
        taken = zip(asked, self._by_itself(asked, None, gated=False), strict=True)
        words.look_for(
            word for word, guess in taken if guess.outcome == "abstain" or guess.category not in words.keywords[word]
        )
        other = copy.copy(self)
        other._words = words
        other._places = places
        return other

    def classify(self, texts: Sequence[str], contexts: Contexts = None) -> list[Guess]:
        """One guess for each text, in order; `contexts`, when given, is as long as `texts`.

        Every text gets an answer, whatever is in it; what the model cannot judge comes back as "abstain".
        """
        if contexts is not None and len(contexts) != len(texts):
            raise ValueError(f"{len(contexts)} contexts for {len(texts)} texts")
        guesses = self._by_itself(texts, contexts, gated=True)
        if self._witness is None:
            return guesses
        heard = partial(not_claimed, self.manifest.heard_on) if self.manifest.heard_on else seconded
        return list(map(heard, guesses, self._witness.classify(texts, contexts)))

    def _by_itself(self, texts: Sequence[str], contexts: Contexts, *, gated: bool) -> list[Guess]:
        """The guesses without a witness; those of words alone, which are no messages, pass no gate."""
        guesses: list[Guess] = []
        for some, around in batches(texts, contexts, BATCH):
            encoded, ahead = self._with_clauses_ahead(some, around)
            told = self._told(encoded, around)
            scores = self._scores(encoded)
            found = self._with_second(encoded, around, self._guesses(encoded, scores, told), told)
            found = self._with_clauses(encoded, scores, found, ahead)
            guesses.extend(self._with_words(encoded, self._through_gate(encoded.pieces, found)) if gated else found)
        return guesses

    def _with_words(self, encoded: Encoded, guesses: Sequence[Guess]) -> list[Guess]:
        """The guesses, none of them sure of what has no word, names nothing but a place, or only stands for what was
        sent beside it; short ones in doubt with whether they are reminders."""
        return [self._with_text(guess, text) for guess, text in zip(guesses, encoded.pieces.texts, strict=True)]

    def _with_text(self, guess: Guess, text: str) -> Guess:
        if self._says_nothing(guess, text):  # nothing is claimed of it: what is likely and urgent goes out by itself
            guess = msgspec.structs.replace(
                guess, outcome="abstain", reason=_TOO_LITTLE, probability=0.0, group_probability=0.0, alternatives=()
            )
        if guess.outcome == "abstain" and not guess.kind and may_say_where(text) and is_reminder(text):
            return msgspec.structs.replace(guess, kind=REMINDER)
        return guess

    def _says_nothing(self, guess: Guess, text: str) -> bool:
        if is_only_sent(text):
            return True
        if guess.category == NO_FAULT or not may_say_where(text):
            return False
        return is_wordless(text) or (self._places is not None and is_wordless(self._places.without_names(text)))

    def _through_gate(self, pieces: Pieces, guesses: list[Guess]) -> list[Guess]:
        """The guesses, in doubt where the gate takes the message for no fault, which the classes do not know."""
        if self._gate is None:
            return guesses
        likely = zip(guesses, self._gate.no_fault_of(pieces), strict=True)
        return [
            guess if share < self._withheld_from else withheld(guess, share, kind) for guess, (share, kind) in likely
        ]

    def no_fault_of(self, pieces: Pieces) -> list[tuple[float, str]]:
        """How likely each message is no fault, and of which kind it would be. Only for models that know no fault."""
        scores = self._scores(self.vectoriser.encode_pieces(pieces, self._table))
        judged = self.manifest.confidence.judge(self._columns.by_category(scores), pieces.lengths, self._groups)
        none = self.classes.index(NO_FAULT)
        columns = self._columns.chosen(scores, np.full(len(scores), none, dtype=np.intp))
        labels = map(self._columns.labels.__getitem__, columns.tolist())
        kinds = [kind_in(text, kind_of(label)) for text, label in zip(pieces.texts, labels, strict=True)]
        return list(zip(judged.probability[:, none].tolist(), kinds, strict=True))

    @property
    def never_sure(self) -> tuple[str, ...]:
        """The categories that it never dispatches at its target, however likely."""
        return tuple(name for name, limit in zip(self.classes, self._limits, strict=True) if limit >= NEVER)

    def probabilities(self, texts: Sequence[str], contexts: Contexts = None) -> NDArray[np.floating]:
        """Calibrated probabilities, messages x `classes`."""
        parts = []
        for some, around in batches(texts, contexts):
            encoded = self._encoded(some, around)
            told = self._told(encoded, around)
            scores = self._scores(encoded)
            guesses = self._guesses(encoded, scores, told, explained=False)
            meant = [guess.category for guess in self._with_second(encoded, around, guesses, told)]
            parts.append(self._judge(encoded, scores, told, meant)[1].probability)
        return np.concatenate(parts)

    def overruled(self, texts: Sequence[str]) -> dict[int, tuple[str, str]]:
        """The texts, by number, that are of a matter which they name first and not of what the whole of them says: both
        categories, that of the whole first."""
        wholes: list[str] = []
        meant: list[str] = []
        for some, _ in batches(texts, None):
            encoded = self._encoded(some, None)
            guesses = self._guesses(encoded, self._scores(encoded), {}, explained=False)
            wholes.extend(guess.category for guess in guesses)
            meant.extend(guess.category for guess in self._with_second(encoded, None, guesses, {}))
        pairs = enumerate(zip(wholes, meant, strict=True))
        return {number: pair for number, pair in pairs if pair[0] != pair[1]}

    def known(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The share of each text's pieces that were seen in training; 0 for a text without any."""
        parts = [self.vectoriser.encode(some, None, self._table).known for some, _ in batches(texts, None)]
        return np.concatenate([np.zeros(0, dtype=np.float32), *parts])

    def _encoded(self, texts: Sequence[str], contexts: Contexts) -> Encoded:
        return self.vectoriser.encode(list(map(_matter_of, texts)), contexts, self._table)

    def _with_clauses_ahead(self, texts: Sequence[str], contexts: Contexts) -> tuple[Encoded, Encoded | None]:
        """The messages; and a single one with its clauses, where they may be asked by themselves (`_with_clauses`):
        beside it they cost a fraction of what encoding them afterwards does. Of many messages few are asked so."""
        if len(texts) > 1:
            return self._encoded(texts, contexts), None
        (text,) = map(_matter_of, texts)
        parts = _few_clauses(shorten(plain(text)))
        around = None if contexts is None else [*contexts, *(None for _ in parts)]
        both = self.vectoriser.encode([text, *parts], around, self._table)
        return (both.only(0, 1), both) if parts else (both, None)

    def _told(self, encoded: Encoded, contexts: Contexts) -> Mapping[int, tuple[Corroboration, ...]]:
        """The evidence beside the messages that have some. A model that has learnt what a reporter's category is worth
        has it among its features."""
        if self._words is None:
            return {}
        hints = ["" if one is None else one.hint for one in contexts or ()]
        learnt = [hint != "" and bool(self._table[slot_of("hint", hint)] >= 0) for hint in hints]
        return self._words.told(encoded.pieces, contexts, learnt)

    def _scores(self, encoded: Encoded) -> NDArray[np.float32]:
        """What each message scores for each column of the weights."""
        scores = encoded.rows.times(self.weights)
        scores += self.bias
        return scores

    def _judge(
        self,
        encoded: Encoded,
        scores: NDArray[np.float32],
        told: Mapping[int, tuple[Corroboration, ...]],
        meant: Sequence[str] = (),
    ) -> tuple[NDArray[np.intp], Judged]:
        """The column that gave each message its category, and the judgement itself. Where it is known what each message
        is of (`meant`), that has the probability of the likeliest, and the likeliest has its."""
        judged = self.manifest.confidence.judge(self._columns.by_category(scores), encoded.pieces.lengths, self._groups)
        if told:
            probability = weighed(judged.probability, told, self.classes)
            judged = self._groups.chosen(probability)
        if meant:
            judged = exchanged(judged, np.array(list(map(self.classes.index, meant)), dtype=np.intp), self._groups)
        return self._columns.chosen(scores, judged.best), judged

    def _guesses(
        self,
        encoded: Encoded,
        scores: NDArray[np.float32],
        told: Mapping[int, tuple[Corroboration, ...]],
        meant: Sequence[str] = (),
        *,
        explained: bool = True,
    ) -> list[Guess]:
        columns, (probability, grouped, best_group, best) = self._judge(encoded, scores, told, meant)
        ranked = (-probability).argsort(axis=1, kind="stable")[:, :3]
        terms = top_terms(encoded, self.weights, columns) if explained else [()] * len(best)
        every = np.arange(len(best))
        rival = probability * self._feared
        rival[every, best] = 0.0
        outside = np.where(self._groups.of == best_group[:, None], 0.0, rival).max(axis=1)
        most = rival.argmax(axis=1)
        own = probability[every, best]
        borne = own * self._costs[best]
        likely = probability[every[:, None], ranked]
        none = self._may_be_none(probability, best)
        guesses = []
        for n, (chosen, group, share, whole, costliest, costs_more, elsewhere, idle) in enumerate(
            zip(
                best.tolist(),
                best_group.tolist(),
                own.tolist(),
                grouped[every, best_group].tolist(),
                most.tolist(),
                (rival[every, most] > borne).tolist(),
                (outside > borne).tolist(),
                none.tolist(),
                strict=True,
            )
        ):
            limit = self._limits[chosen]
            costly = self.classes[costliest] if costs_more else ""
            elsewhere = elsewhere or self.classes[chosen] == NO_FAULT
            doubt = f"may be {costly}, which is too costly to miss" if costly else "it may be no fault" if idle else ""
            outcome, limit, reason = self._decide(encoded, n, share, whole, limit, doubt, elsewhere or idle)
            guesses.append(
                Guess(
                    category=self.classes[chosen],
                    probability=share,
                    model=self.id,
                    threshold=limit,
                    outcome=outcome,
                    reason=reason,
                    group=self._groups.names[group],
                    group_probability=whole,
                    alternatives=tuple(
                        zip(map(self.classes.__getitem__, ranked[n].tolist()), likely[n].tolist(), strict=True)
                    ),
                    terms=terms[n],
                    kind=kind_in(encoded.pieces.texts[n], kind_of(self._columns.labels[int(columns[n])])),
                    beside=told.get(n, ()),
                )
            )
        return guesses

    def second_signs(self, texts: Sequence[str]) -> Iterator[tuple[Guess, Mapping[str, Signs]]]:
        """For each text its guess, and the signs of each matter that could be its second one."""
        for some, _ in batches(texts, None, BATCH):
            encoded = self._encoded(some, None)
            guesses = self._guesses(encoded, self._scores(encoded), self._told(encoded, None))
            found = self._parted(encoded, guesses)
            for number, guess in enumerate(guesses):
                yield guess, signs(guess, found[number]) if number in found else {}

    def _with_second(
        self,
        encoded: Encoded,
        contexts: Contexts,
        guesses: list[Guess],
        told: Mapping[int, tuple[Corroboration, ...]],
    ) -> list[Guess]:
        """The guesses, each with the category of a second matter where its text has one, and of the one that is named
        first where both are sure; what the reporter or a keyword of the city says stands."""
        found = list(guesses)
        meant: dict[int, str] = {}
        for number, parts in self._parted(encoded, guesses).items():
            if second := second_of(guesses[number], parts):
                found[number] = msgspec.structs.replace(guesses[number], second=second.category)
                if second.meant and number not in told:
                    meant[number] = second.category
        if meant:
            around = None if contexts is None else [contexts[number] for number in meant]
            texts = [encoded.pieces.texts[number] for number in meant]
            # A single one is encoded already.
            again = encoded if len(guesses) == 1 else self.vectoriser.encode(texts, around, self._table)
            named = self._guesses(again, self._scores(again), {}, list(meant.values()))
            for number, guess in zip(meant, named, strict=True):
                found[number] = msgspec.structs.replace(guess, second=guesses[number].category)
        return found

    def _with_clauses(
        self, encoded: Encoded, scores: NDArray[np.float32], guesses: list[Guess], ahead: Encoded | None
    ) -> list[Guess]:
        """The guesses after a look at what the clauses are by themselves: without a second matter that none of them
        speaks for; in doubt where a message surely taken for no fault may be of one, which is told as its second; as
        sure as a clause that is surely of the same fault, or of one where it is doubtful whether there is any."""
        of_none = [n for n, guess in enumerate(guesses) if guess.category == NO_FAULT and _is_sure(guess)]
        growing = {n for n, guess in enumerate(guesses) if self._may_grow_sure(encoded, n, guess)}
        with_second = {n for n, guess in enumerate(guesses) if guess.second}
        asked = sorted(growing.union(of_none, with_second))
        if not asked:
            return guesses
        found = list(guesses)
        whole = dict(zip(of_none, self._columns.by_category(scores[of_none]).tolist(), strict=True))
        parts = [_few_clauses(encoded.pieces.texts[number]) for number in asked]
        flat = [part for some in parts for part in some]
        # The words of a clause explain only what was taken for no fault and is of the clause's fault.
        explained = any(guesses[number].category == NO_FAULT for number in growing)
        alone = iter(self._of_clauses(flat, ahead, explained=explained) if flat else ())
        for number, some in zip(asked, parts, strict=True):
            by_themselves = [next(alone) for _ in some]
            guess = found[number] = with_spoken_second(guesses[number], by_themselves)
            if number in growing:
                grown = sure_by_a_clause(guess, by_themselves, self.manifest.costs)
                found[number] = grown or self._as_likely_as_a_clause(guess, by_themselves)
            if number not in whole or found[number] is not guess:
                continue
            near = dict(zip(self.classes, whole[number], strict=True))
            if second := feared(near, by_themselves, self.manifest.costs):
                doubt = f"beside words of no fault it may be {second}"
                found[number] = msgspec.structs.replace(guess, outcome="abstain", reason=doubt, second=second)
        return found

    def _of_clauses(self, texts: Sequence[str], ahead: Encoded | None, *, explained: bool) -> list[Guess]:
        encoded = self.vectoriser.encode(texts, None, self._table) if ahead is None else ahead.only(1, 1 + len(texts))
        return self._guesses(encoded, self._scores(encoded), {}, explained=explained)

    def _may_grow_sure(self, encoded: Encoded, n: int, guess: Guess) -> bool:
        """Whether a clause that is sure may decide: of what is doubtful in a short text, of words that the model knows.
        Whether "no fault" is in doubt is the same at any target: else a stricter one would dispatch what for a laxer
        one is surely none."""
        known = bool(encoded.found[n] >= FEWEST and encoded.known[n] >= self.manifest.least_known)
        short = bool(encoded.pieces.lengths[n] <= SHORT)
        if guess.category != NO_FAULT:
            return known and short and not _is_sure(guess)
        costs = self.manifest.costs
        costly = any(costs.get(name, 1.0) * share > guess.probability for name, share in guess.alternatives[1:])
        return known and short and (costly or guess.probability < self._none_in_doubt)

    def _as_likely_as_a_clause(self, guess: Guess, clauses: Sequence[Guess]) -> Guess:
        """The guess, as doubtful as it is, with the probability of a clause of its category that is likelier."""
        limit = self._limits[self.classes.index(guess.category)]
        found = None if guess.category == NO_FAULT else as_sure_as_a_clause(guess, clauses, limit)
        if found is None:
            return guess
        told = guess.reason == below(guess.probability, limit)
        return msgspec.structs.replace(found, reason=below(found.probability, limit) if told else guess.reason)

    def _parted(self, encoded: Encoded, guesses: Sequence[Guess]) -> dict[int, Parted]:
        """The texts that may have a second matter, by their number: what their clauses speak for their own category and
        the one or two others."""
        column = self._column_of
        asked: dict[int, tuple[tuple[Clause, ...], tuple[int, ...]]] = {}
        for number, guess in enumerate(guesses):
            if (names := others(guess)) and (parts := clauses(encoded.pieces.texts[number])):
                # As many columns for each: where there is one other, it is asked about twice.
                asked[number] = parts, (column[guess.category], column[names[0]], column[names[-1]])
        return parted(encoded, asked, self.vectoriser.worth, self.weights, self.bias)

    def _decide(
        self, encoded: Encoded, n: int, own: float, whole: float, limit: float, other: str, elsewhere: bool
    ) -> tuple[GuessOutcome, float, str]:
        """Outcome, the threshold that decided it, and the reason for doubt: `other` tells what else it may be too
        likely, `elsewhere` whether that is outside the group."""
        if encoded.found[n] < FEWEST:
            return "abstain", limit, _TOO_LITTLE
        if encoded.known[n] < self.manifest.least_known:
            return "abstain", limit, f"unlike anything seen: {encoded.known[n]:.0%} of its pieces are known"
        if own >= limit and not other:
            return "confident", limit, ""
        doubt = other if own >= limit else below(own, limit)
        if limit >= NEVER:
            doubt = "no probability reaches the target accuracy"
        # Missed is a costly category by the wrong department, not by the wrong name of it.
        if whole >= self._thresholds.group and not elsewhere:
            return "group", self._thresholds.group, doubt
        return "abstain", limit, doubt

    def _may_be_none(self, probability: Floats, best: Ints) -> Flags:
        """Which messages taken for a fault are none more likely than the target lets an answer be wrong."""
        if self._none is None:
            return np.zeros(len(best), dtype=np.bool_)
        found: Flags = (probability[:, self._none] >= doubtful_none(self.target)) & (best != self._none)
        return found

    def _for_target(self, target: float) -> Thresholds:
        """Those of the nearest target that is not easier."""
        fit = [t for t in self.manifest.thresholds if t.target >= target - 1e-9]
        return min(fit, key=lambda t: t.target) if fit else Thresholds(target, NEVER, NEVER)


def _matter_of(text: str) -> str:
    """What is judged of a text: neither what is around it nor what it begins and ends with that says nothing."""
    return without_side_clauses(without_edges(unwrapped(text)))


def _few_clauses(text: str) -> list[str]:
    """The clauses of a plain text, none of a text that has too many for each to be asked by itself."""
    return [text[start:end] for start, end in few(clauses(text))]


def _is_sure(guess: Guess) -> bool:
    return guess.outcome == "confident"
