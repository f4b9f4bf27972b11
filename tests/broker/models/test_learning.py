"""The whole loop on real messages: a small model dispatches, people correct it, what they say makes a better model."""

import asyncio
import csv
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client import REGISTRY
from scipy.stats import binomtest
from typer.testing import CliRunner

from dispatcher.order.final_label import Label
from models.city import City, load_city
from models.classifier import Classifier
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.training import RECIPES, train
from models.classifier.serving.store import Store
from models.guess import Guess
from streams.audit.recompute import audit
from streams.cli.main import app
from streams.control.model_pointers import Pointers, change, read_pointers, rolled_back
from streams.control.models_in_force import ACTIVE
from streams.control.one_at_a_time import ControlError
from streams.kafka.topics import Names
from streams.learning.drift_watch import DriftWatch
from streams.learning.labels import as_rows, read_labels
from streams.settings import Settings
from tests.support.cities import written
from tests.support.kafka import Kafka, Roles, eventually
from tests.support.learning.hotline_city import TOPICS, TruthfulPeople, code, messages, office, pack
from tests.support.learning.pointing import point

# Of the last two together it is told who errs less: a thousand messages show it, seven hundred do not.
FIRST, SECOND, JUDGED, REST = 500, 1000, 400, 600
WITHIN_SECONDS = 10.0
# A city that wants a department for nearly every message: then it is the model and not its doubt that errs.
LAX, STRICT = 0.8, 0.97
SETTINGS = f"target_accuracy = {LAX}\nblind_review_share = 0.02\n"


@pytest.fixture
def departments() -> tuple[str, ...]:
    """One for each topic."""
    return tuple(office(code(topic)) for topic in range(TOPICS))


@pytest.fixture
def city(tmp_path: Path) -> City:
    """The hotline's city, as a folder for the roles."""
    return load_city(written(tmp_path / "city", pack(SETTINGS)))


@pytest.mark.timeout(400)
async def test_what_departments_and_reviewers_say_makes_a_better_model(
    kafka: Kafka, topics: Names, settings: Settings, roles: Roles, city: City, shared: Path, tmp_path: Path
) -> None:
    """Labels → train → shadow → promote: wrong dispatches fall; a poisoned model is refused; a rollback under load
    neither loses nor doubles an event."""
    settings = settings.model_copy(update={"city": tmp_path / "city"})
    both = messages(shared / "hotline_zh" / "messages.csv", seed=1)[: FIRST + SECOND + JUDGED + REST]
    texts, truth = [text for text, _ in both], [category for _, category in both]
    second, last = range(FIRST, FIRST + SECOND), range(FIRST + SECOND, len(texts))
    judged, rest = last[:JUDGED], last[JUDGED:]
    store = Store(settings.models_address)
    old = store.put(train(Labelled(texts[:FIRST], truth[:FIRST]), RECIPES, day="2026-01-01"))
    await point(settings, ACTIVE, old)
    for role in ("intake", "desk"):
        roles.start(role, city=str(settings.city))
    people = TruthfulPeople(kafka.bootstrap, topics, truth, settings.partitions)

    async with people.at_work():
        await people.report(second, texts)
        await people.settled(second, 120)
        new = await _train(settings, tmp_path, texts[:FIRST], truth[:FIRST])
        await _labels_are_the_truth(settings, people, tmp_path / "labels.csv")
        wrong = _shuffled(texts[: FIRST + SECOND], truth[: FIRST + SECOND])
        poisoned = store.put(await asyncio.to_thread(train, wrong, RECIPES[:1], day="2026-01-01"))

        await _paidan(settings, "model", "shadow", new)
        probes = await _until_all_know(
            people, texts, judged, lambda g, shadow: shadow is not None and shadow.model == new
        )
        await people.report(judged[probes:], texts)
        await people.settled(judged, 60)
        before = await read_pointers(settings)
        with pytest.raises(ControlError, match=f"{poisoned} is not promoted: the whole loses"):
            await _paidan(settings, "model", "promote", poisoned)
        assert await read_pointers(settings) == before
        await _paidan(settings, "model", "promote", new)
        assert _roles(await read_pointers(settings)) == (new, "", old)

        probes = await _until_all_know(people, texts, rest, lambda guess, _: guess.model == new)
        third = max(probes, len(rest) // 3)
        await people.report(rest[probes:third], texts)

        async def a_third_is_classified() -> bool:
            return all(number in people.guess for number in rest[:third])

        await eventually(a_third_is_classified, 60, "a third of the last messages")
        reporting = asyncio.create_task(people.report(rest[third:-1], texts, pause=0.02))
        await change(settings, rolled_back(old, time.time_ns() // 1_000_000, "a drill"))
        assert not reporting.done(), "the rollback came too late to be one under load"
        await reporting
        await _until_all_know(people, texts, rest[-1:], lambda guess, _: guess.model == old)
        await people.settled(rest, 60)

    assert _roles(await read_pointers(settings)) == (old, "", new)
    assert {people.guess[number].model for number in rest[probes:]} == {old, new}
    assert people.opened == people.closed == Counter([*second, *last])
    assert people.refused == []
    assert await kafka.read_all(topics.dead_letters) == []
    assert [found for part in await audit(settings, city) for found in part.differences] == []
    every = {people.report_of[label.order_id]: label for label in await read_labels(settings)}
    assert {number: label.label for number, label in every.items()} == {n: truth[n] for n in (*second, *last)}
    labels = [every[number] for number in last]
    await _the_watch_sees_the_returns(settings, city, old)
    _recorded_is_what_the_models_say(labels, store, city)
    _fewer_are_sent_wrong(labels, store, old, new)


def _roles(now: Pointers) -> tuple[str, str, str]:
    return now.active, now.shadow, now.previous


def _shuffled(texts: Sequence[str], truth: Sequence[str]) -> Labelled:
    """Right texts, wrong categories."""
    return Labelled(list(texts), random.Random(1).sample(list(truth), len(truth)))


async def _train(settings: Settings, folder: Path, texts: Sequence[str], truth: Sequence[str]) -> str:
    """The id of a model that learnt from a file and the log."""
    file = folder / "first.csv"
    with file.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([("text", "label"), *zip(texts, truth, strict=True)])
    return (await _paidan(settings, "train", str(file), "--from-log")).split()[-1]


async def _labels_are_the_truth(settings: Settings, people: TruthfulPeople, file: Path) -> None:
    """The exported CSV holds one label an order, the true one, and says how each is known."""
    await _paidan(settings, "labels", "export", "--out", str(file))
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["order_id"] for row in rows} == people.report_of.keys()
    assert all(row["label"] == people.truth[people.report_of[row["order_id"]]] for row in rows)
    assert {"handled", "return-approved", "blind-review"} <= {row["decided_by"] for row in rows}


async def _until_all_know(
    people: TruthfulPeople, texts: Sequence[str], numbers: Sequence[int], knows: Callable[[Guess, Guess | None], bool]
) -> int:
    """Send one message after the other until one is classified by the models wanted; how many that took."""
    async with asyncio.timeout(WITHIN_SECONDS):
        for sent, number in enumerate(numbers, 1):
            await people.report([number], texts)

            async def classified(number: int = number) -> bool:
                return number in people.guess

            await eventually(classified, WITHIN_SECONDS, "a guess")
            if knows(people.guess[number], people.shadow[number]):
                return sent
    raise AssertionError(f"not one of {len(numbers)} messages was classified by the models wanted")


async def _the_watch_sees_the_returns(settings: Settings, city: City, old: str) -> None:
    """All five figures of the model in force; it was made to guess so freely that too many orders came back."""
    found = await _watched(DriftWatch(settings, city))
    assert found["model"] == old
    assert found["labelled"] == found["orders"] > SECOND
    assert len(found["figures"]) == 5
    assert "return_share" in found["alarms"]
    measured = REGISTRY.get_sample_value("paidan_drift", {"figure": "return_share"})
    assert measured == found["figures"]["return_share"]["value"]
    assert REGISTRY.get_sample_value("paidan_drift_alarm", {"figure": "return_share"}) == 1
    assert (await _watched(DriftWatch(settings, city, most=4000)))["orders"] < SECOND


async def _watched(watch: DriftWatch) -> Mapping[str, Any]:
    """The first figures of a watch."""
    watching = asyncio.create_task(watch.run())

    async def section() -> Mapping[str, Any] | None:
        return watch.section()

    try:
        found = await eventually(section, 30, "the first figures")
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    print(f"drift: {found}")
    return found


def _recorded_is_what_the_models_say(labels: Sequence[Label], store: Store, city: City) -> None:
    """What stands in the log as a model's guess is what that model says to the same text at the same hour of the day,
    which it may have learnt from; the shadow's as well."""
    assert sum(label.shadow_model != "" for label in labels) > JUDGED // 2
    for name in {label.model for label in labels} | {label.shadow_model for label in labels} - {""}:
        mine = [label for label in labels if name in (label.model, label.shadow_model)]
        asked = as_rows(mine, city.zone)
        assert len(asked.texts) == len(mine)
        said = store.load(name).classify(asked.texts, asked.contexts)
        recorded = [label.guess if name == label.model else label.shadow_guess for label in mine]
        unlike = [(guess, label) for guess, it, label in zip(said, recorded, mine, strict=True) if guess.category != it]
        assert unlike == []


def _fewer_are_sent_wrong(labels: Sequence[Label], store: Store, old: str, new: str) -> None:
    """Fewer messages are dispatched wrong (exact McNemar test, all messages paired) and hardly fewer are dispatched.

    In a lax city this is so as it stands. In a strict one both models keep the errors among the dispatched near the
    target, so the better one dispatches more; dispatching only as many as the old one did, its surest, it errs less."""
    truth = np.array([label.label for label in labels])
    for target in (LAX, STRICT):
        sent, wrong, sure = [], [], []
        for name in (old, new):
            guesses = Classifier.from_bytes(store.bytes(name), target=target).classify([one.text for one in labels])
            automatic = np.array([guess.outcome == "confident" for guess in guesses])
            sent.append(automatic)
            wrong.append(np.array([guess.category for guess in guesses]) != truth)
            sure.append(np.array([guess.probability if guess.outcome == "confident" else 0.0 for guess in guesses]))
        share = [float(each.mean()) for each in sent]
        errors = [int((one & other).sum()) for one, other in zip(sent, wrong, strict=True)]
        print(f"target {target}: dispatched {share}, wrong {errors} of {len(labels)}")
        assert share[1] >= share[0] - 0.005
        if target == STRICT:
            gained, lost = int((sent[1] & ~sent[0]).sum()), int((sent[0] & ~sent[1]).sum())
            assert binomtest(gained, gained + lost, alternative="greater").pvalue < 0.01
            assert (sent[1] & wrong[1]).sum() / sent[1].sum() <= (sent[0] & wrong[0]).sum() / sent[0].sum() + 0.01
            surest = np.argsort(-sure[1], kind="stable")[: int(sent[0].sum())]
            sent[1] = np.isin(np.arange(len(labels)), surest)
        before, after = sent[0] & wrong[0], sent[1] & wrong[1]
        fewer, more = int((before & ~after).sum()), int((after & ~before).sum())
        p = binomtest(fewer, fewer + more, alternative="greater").pvalue
        print(f"dispatching as many: wrong {before.sum()} -> {after.sum()} of {len(labels)} (p = {p:.2g})")
        # A strict city sends some fifteen wrong: which labels came in time to be learnt decides on 0.004 or 0.016.
        assert p < (0.01 if target == LAX else 0.05)


async def _paidan(settings: Settings, *arguments: str) -> str:
    """Run a command in this process; what it printed. Raises what it raises."""
    done = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=settings.environment())
    print(f"$ paidan {' '.join(arguments)}\n{done.output}")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout
