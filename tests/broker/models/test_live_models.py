"""Classifiers change while intake runs, by a record on the control topic, and a broken one changes nothing."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from models.classifier import Classifier
from models.classifier.learning.shipped import corpus
from models.classifier.learning.training import Recipe, train
from models.classifier.serving.store import Store
from streams.control.models_in_force import ACTIVE, SHADOW, LiveModels
from streams.kafka.topics import Names
from streams.settings import Settings
from tests.support.cities import tiny_city
from tests.support.kafka import eventually
from tests.support.learning.pointing import point
from tests.support.messages import raw

WITHIN_SECONDS = 10.0


@pytest.fixture(scope="module")
def artefacts() -> tuple[bytes, bytes]:
    """Two small models of different days."""
    rows = corpus()
    some = rows.take(n for n, label in enumerate(rows.labels) if label in ("pothole", "manhole-damaged"))
    first, second = (train(some, [Recipe(min_count=1)], day=day) for day in ("2026-01-01", "2026-01-02"))
    return first, second


async def test_a_pointer_switches_the_model_and_its_end_brings_the_first_one_back(
    topics: Names, settings: Settings, artefacts: tuple[bytes, bytes], tmp_path: Path
) -> None:
    """Active and shadow follow the control topic; what it said before the start is in force from the start. A pack that
    becomes cautious is heeded by both."""
    file = tmp_path / "first"
    file.write_bytes(artefacts[0])
    settings = settings.model_copy(update={"model": str(file)})
    store = Store(settings.models_address)
    first, second = Classifier.from_bytes(artefacts[0]).id, store.put(artefacts[1])
    await point(settings, SHADOW, second)
    models = LiveModels(settings, tiny_city())
    async with models.following():
        assert (first, second) == tuple(m and m.id for m in (models.active, models.shadow))
        await point(settings, ACTIVE, second)
        await _becomes(models, second)
        await models.aim(tiny_city(settings='target_accuracy = 0.9\ncaution = "cautious"\n'))
        assert [model.target for model in (models.active, models.shadow) if model] == pytest.approx([0.95, 0.95])
        await point(settings, SHADOW, "")
        await point(settings, ACTIVE, "")
        await _becomes(models, first)
        assert models.shadow is None


async def test_a_model_that_cannot_be_loaded_leaves_the_old_one_in_force(
    topics: Names, settings: Settings, artefacts: tuple[bytes, bytes]
) -> None:
    """An id that the store does not have and bytes that are damaged raise a metric and change nothing."""
    store = Store(settings.models_address)
    good, damaged = store.put(artefacts[0]), store.put(artefacts[1])
    [file] = Path(settings.models_address).glob(f"{damaged}*")
    file.write_bytes(file.read_bytes()[:-7])
    await point(settings, ACTIVE, good)
    models = LiveModels(settings, tiny_city())

    async def failures() -> float:
        return REGISTRY.get_sample_value("paidan_model_load_failures_total") or 0.0

    async with models.following():
        for name in ("0123456789abcdef", damaged, "../../etc/passwd"):
            before = await failures()
            await point(settings, ACTIVE, name)

            async def failed_again(before: float = before) -> bool:
                return await failures() > before

            await eventually(failed_again, WITHIN_SECONDS, "the failure")
            assert models.active is not None
            assert models.active.id == good


async def _becomes(models: LiveModels, name: str) -> None:
    async def active() -> bool:
        await asyncio.sleep(0)
        return models.active is not None and models.active.id == name

    await eventually(active, WITHIN_SECONDS, f"the switch to {name}")


async def test_a_model_that_is_loaded_while_the_city_changes_is_that_of_the_new_city(
    settings: Settings, artefacts: tuple[bytes, bytes]
) -> None:
    """It was read for the former one, and would be as sure as that had asked for until the next pointer."""
    read, city_has_changed = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    class Slow(LiveModels):
        def _load(self, name: str) -> Classifier:
            model = super()._load(name)
            loop.call_soon_threadsafe(read.set)
            city_has_changed.wait()
            return model

    name = Store(settings.models_address).put(artefacts[0])
    models = Slow(settings, tiny_city())
    pointed = asyncio.create_task(models._take_in([replace(raw(name.encode(), ()), key=ACTIVE.encode())]))
    await read.wait()
    aiming = asyncio.create_task(models.aim(tiny_city(settings='target_accuracy = 0.9\ncaution = "cautious"\n')))
    await asyncio.wait([aiming], timeout=0.5)
    city_has_changed.set()
    await asyncio.gather(pointed, aiming)

    assert models.active is not None
    assert models.active.id == name
    assert models.active.target == pytest.approx(0.95)
