"""Taking in a batch: records in, items by area and dead letters out.

No clock and no Kafka: the same in a stage, a replay or a test. It draws chance at one place: no two seals of a contact
are alike.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import msgspec
from msgspec.structs import replace

from dispatcher.steps.routing import Urgency, is_named, is_no_fault
from models.city import City
from models.city.files.cells import DROPPED
from models.classifier.serving.features import Context
from models.errors import Poison
from models.formats.quiet_scenes import without_denials
from models.guess import NO_FAULT, Guess
from models.inbox import UNLOCATED, InboxUpdate, Item, Sighting, UnitHeard, packed_items
from models.record import Record
from models.times import local_hour
from streams.intake.dead_records import Dead, dead_of, flawed
from streams.intake.drafts import Draft, DraftReader, Keys
from streams.intake.meanings import Ignored, Unlisted
from streams.intake.placing import Described, Placement, Point, by_words, locate_points, outside
from streams.intake.reading.ways import ANY, Way

_urgency_in = lru_cache(maxsize=2)(Urgency)


class Model(Protocol):
    """What classifies texts; `models.classifier.Classifier` does."""

    def classify(self, texts: Sequence[str], contexts: Sequence[Context] | None = None) -> list[Guess]:
        """A guess for each text, in their order; `contexts` say what else is known of each."""


class Taken(msgspec.Struct, frozen=True):
    """What a batch came to: `items` by area, each area's in the order of its records; `dead` in the order of the
    records; `ignored` counts detections that go no further, as `Ignored` has it, by category, `unlisted` those whose
    label the label table does not list, `heard` are the cameras of both and of devices' own heartbeats, with their
    areas, `units` what mobile units say of themselves; `misplaced` counts devices' places that the registry overruled;
    `guesses` are all made."""

    items: dict[str, list[Sighting | InboxUpdate]]
    dead: list[Dead]
    ignored: Counter[str]
    unlisted: Counter[Unlisted]
    heard: dict[str, str]
    units: list[UnitHeard]
    misplaced: int
    guesses: list[Guess]

    def packed(self) -> list[tuple[str, bytes]]:
        """Area and value of each inbox record: at most 64 items and, but for a single longer one, 256 kB each."""
        return [(area, value) for area, items in self.items.items() for value in packed_items(items)]


def parted(items: Mapping[str, Sequence[Item]], city: City) -> tuple[dict[str, list[Item]], dict[str, list[Item]]]:
    """Items by area as what is urgent, for the lane that waits for no backlog, and all the rest, each in its order."""
    urgency = _urgency_in(city)
    urgent, rest = defaultdict[str, list[Item]](list), defaultdict[str, list[Item]](list)
    for area, those in items.items():
        for item in those:
            is_urgent = isinstance(item, Sighting) and urgency.of(item)
            (urgent if is_urgent else rest)[area].append(item)
    return urgent, rest


class Prepared(msgspec.Struct, frozen=True):
    """A batch that is decoded, masked and located, and waits for its guesses.

    `placed` are its items, each with the number of its record in the batch; by that number `dead` are whole records,
    `flaws` single detections of others. `texts` and `contexts` are what to classify, `wanted` the positions in `placed`
    of the items that they are of; `dropped` of these are under labels that the `city` drops. The rest is as in `Taken`.
    """

    city: City
    records: Sequence[Record]
    placed: list[tuple[int, Sighting | InboxUpdate]]
    dead: dict[int, Dead]
    flaws: dict[int, list[Dead]]
    ignored: Counter[str]
    unlisted: Counter[Unlisted]
    heard: dict[str, str]
    units: list[UnitHeard]
    misplaced: int
    wanted: list[int]
    texts: list[str]
    contexts: list[Context]
    dropped: frozenset[int]


def take_in(
    records: Sequence[Record],
    city: City,
    model: Model | None,
    now_ms: int,
    keys: Keys,
    shadow: Model | None = None,
    way: Way = ANY,
) -> Taken:
    """Decode, validate, mask, locate and classify a batch that came by one way.

    `now_ms` is the time of receipt, ms UTC; where Kafka has said when a record came in, that counts. Without a `model`
    nothing is guessed. A record that breaks a rule, or at which this code fails, becomes a dead letter; the others
    are not touched by it.
    """
    prepared = prepare(records, city, now_ms, keys, way)
    return finish(prepared, guess_all(prepared, model), guess_all(prepared, shadow))


def prepare(records: Sequence[Record], city: City, now_ms: int, keys: Keys, way: Way = ANY) -> Prepared:
    """All of `take_in` but the guesses."""
    reader = DraftReader(city, now_ms, keys, way)
    dead: dict[int, Dead] = {}
    ignored: Counter[str] = Counter()
    unlisted: Counter[Unlisted] = Counter()
    drafts: list[tuple[int, Draft]] = []
    units: list[UnitHeard] = []
    flaws: dict[int, list[Dead]] = {}
    for n, record in enumerate(records):
        try:
            for draft in reader.read(record):
                if isinstance(draft, Draft):
                    drafts.append((n, draft))
                    if draft.unregistered:
                        unlisted[Unlisted(camera=draft.unregistered)] += 1
                    elif city.camera_algorithms and (other := draft.unlisted_algorithm(city)) is not None:
                        unlisted[other] += 1
                elif isinstance(draft, UnitHeard):
                    units.append(draft)
                elif isinstance(draft, Ignored):
                    ignored[draft.category] += 1
                elif isinstance(draft, Unlisted):
                    unlisted[draft] += 1
                else:
                    flaws.setdefault(n, []).append(flawed(record, draft, len(flaws.get(n, ()))))
        except Exception as error:  # noqa: BLE001 - poison or a bug: a dead letter, and the neighbours go on
            dead[n] = dead_of(record, error)
    placed, asked, misplaced = _place(city, records, drafts, dead)
    # Nothing of a record that is dead is shown to a model.
    asked = [one for one in asked if placed[one.at][0] not in dead] if dead else asked
    return Prepared(
        city=city,
        records=records,
        placed=placed,
        dead=dead,
        flaws=flaws,
        ignored=ignored,
        unlisted=unlisted,
        heard=reader.heard,
        units=units,
        misplaced=misplaced,
        wanted=[one.at for one in asked],
        texts=[one.text for one in asked],
        contexts=[one.context for one in asked],
        dropped=frozenset(one.at for one in asked if one.dropped),
    )


def guess_all(prepared: Prepared, model: Model | None) -> list[Guess | None]:
    """A guess for each text of the batch; None where there is no model or it fails at this one text."""
    if model is None or not prepared.texts:
        return [None] * len(prepared.texts)
    return _guess(model, prepared.texts, prepared.contexts)


def finish(
    prepared: Prepared,
    guesses: Sequence[Guess | None],
    shadows: Sequence[Guess | None],
    sent: Container[int] = frozenset(),
) -> Taken:
    """The items, each with its guess; a text without one is for a person to judge. Those at the positions `sent` of
    `prepared.placed` are left out, and what turns out to be nothing, unless somebody has asked."""
    dead, placed = prepared.dead, _with_guesses(prepared, guesses, shadows)
    items = defaultdict[str, list[Sighting | InboxUpdate]](list)
    ignored, heard, nothing = prepared.ignored.copy(), dict(prepared.heard), _nothing(prepared, placed)
    for at, (n, item) in enumerate(placed):
        if n in dead or at in sent:
            continue
        if isinstance(item, Sighting) and at in nothing:
            ignored[nothing[at]] += 1
            if item.camera in prepared.city.cameras:
                heard[item.camera] = prepared.city.cameras[item.camera].area
            if not item.asked:
                continue
            item = replace(item, ignored=True)
        items[item.area].append(item)
    letters = prepared.flaws | {n: [one] for n, one in dead.items()}
    return Taken(
        items=dict(items),
        dead=[one for n in sorted(letters) for one in letters[n]],
        ignored=ignored,
        unlisted=prepared.unlisted,
        heard=heard,
        units=prepared.units,
        misplaced=prepared.misplaced,
        guesses=[guess for guess in guesses if guess is not None],
    )


def urgent_of(
    prepared: Prepared,
    guesses: Sequence[Guess | None],
    shadows: Sequence[Guess | None],
    sent: Container[int] = frozenset(),
) -> list[tuple[int, Sighting]]:
    """What is urgent in a batch, each with the number of its record; `sent` as for `finish`."""
    urgency = _urgency_in(prepared.city)
    placed = _with_guesses(prepared, guesses, shadows)
    nothing = _nothing(prepared, placed)
    fresh = (
        each for at, each in enumerate(placed) if each[0] not in prepared.dead and at not in sent and at not in nothing
    )
    return [(n, item) for n, item in fresh if isinstance(item, Sighting) and urgency.of(item)]


def _with_guesses(
    prepared: Prepared, guesses: Sequence[Guess | None], shadows: Sequence[Guess | None]
) -> list[tuple[int, Sighting | InboxUpdate]]:
    """What is placed, with the guesses; a record at which that fails is dead."""
    placed = list(prepared.placed)
    for at, guess, shadow in zip(prepared.wanted, guesses, shadows, strict=True):
        n, item = placed[at]
        try:
            placed[at] = n, _guessed(item, guess, shadow)
        except Exception as error:  # noqa: BLE001 - a bug: a dead letter, and the neighbours go on
            prepared.dead[n] = dead_of(prepared.records[n], error)
    return placed


def _nothing(prepared: Prepared, placed: Sequence[tuple[int, Sighting | InboxUpdate]]) -> dict[int, str]:
    """The positions in `placed` of described scenes that are nothing for anybody, and as what each counts: its label is
    dropped, and its words do not surely name anything else; or they surely say that it is no fault."""
    city, found = prepared.city, dict[int, str]()
    for at in prepared.wanted:
        item = placed[at][1]
        if not isinstance(item, Sighting) or item.kind == "report" or item.phase == "end":
            continue
        if at in prepared.dropped and not is_named(city, item.guess, without_denials(item.text)):
            found[at] = DROPPED
        elif is_no_fault(city, item):
            found[at] = NO_FAULT
    return found


def _guessed(item: Sighting | InboxUpdate, guess: Guess | None, shadow: Guess | None) -> Sighting | InboxUpdate:
    return item if guess is None and shadow is None else replace(item, guess=guess, shadow=shadow)


class _Asked(NamedTuple):
    """What a model is asked about an item: the item's position in `Prepared.placed`, its text, what else is known."""

    at: int
    text: str
    context: Context
    dropped: bool


def _place(
    city: City, records: Sequence[Record], drafts: Sequence[tuple[int, Draft]], dead: dict[int, Dead]
) -> tuple[list[tuple[int, Sighting | InboxUpdate]], list[_Asked], int]:
    """Each draft's item in its place; a record of which one draft has none that will do is dead as a whole. With the
    number of places that lay outside the city and for which the registry's was taken."""
    points = locate_points(city, [draft.where for _, draft in drafts if isinstance(draft.where, tuple)])
    placed: list[tuple[int, Sighting | InboxUpdate]] = []
    asked: list[_Asked] = []
    misplaced = 0
    for n, draft in drafts:
        try:
            item = _located(city, draft, points)
            if draft.text and isinstance(item, Sighting):
                asked.append(_Asked(len(placed), draft.text, context_of(city, item), draft.dropped))
            placed.append((n, item))
            misplaced += isinstance(draft.where, tuple) and points[draft.where] is None
        except Exception as error:  # noqa: BLE001 - every error becomes a dead letter, as above
            dead[n] = dead_of(records[n], error)
    return placed, asked, misplaced


def _located(city: City, draft: Draft, points: Mapping[Point, Placement | None]) -> Sighting | InboxUpdate:
    """A draft's item in its place; `points` holds those of the batch. Raises Poison where it has none that will do."""
    where = draft.where
    if where is None:
        return draft.item
    if isinstance(where, Described):
        place = by_words(city, where)
    elif (found := points[where] or draft.otherwise) is not None:
        place = found
    else:
        raise outside(city, where)
    if place.how == "none" and isinstance(draft.item, InboxUpdate):
        raise Poison("location", "must name a place of the city: the update has no area", "no-area")
    return draft.at(place)


def _guess(model: Model, texts: Sequence[str], contexts: Sequence[Context]) -> list[Guess | None]:
    """A guess for each text, None for one at which the model fails."""
    try:
        return list(model.classify(texts, contexts))
    except Exception:  # noqa: BLE001 - one by one, below, so that one text does not cost its batch the guesses
        if len(texts) == 1:
            return [None]
    return [_guess(model, [text], [context])[0] for text, context in zip(texts, contexts, strict=True)]


def context_of(city: City, sighting: Sighting) -> Context:
    """What else is known of a sighting whose text is classified."""
    return Context(
        area="" if sighting.area == UNLOCATED else sighting.area,
        hour=local_hour(sighting.at, city.zone),
        channel=sighting.channel,
        label=sighting.label,
        hint=sighting.hint,
    )
