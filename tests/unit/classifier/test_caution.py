"""A city's switch between as sure as its target says and surer."""

from pathlib import Path

import pytest

from models.city.tunables import CitySettings
from models.classifier import Classifier
from models.classifier.serving.store import Store
from streams.control.models_in_force import LiveModels, load_first, load_named
from streams.settings import Settings, load_settings
from tests.support.cities import tiny_city
from tests.support.learning.classifiers import small_bytes, unseen_rows

USUAL = tiny_city(settings="target_accuracy = 0.97\n")
CAUTIOUS = tiny_city(settings='target_accuracy = 0.97\ncaution = "cautious"\n')


def test_a_usual_city_asks_for_its_target() -> None:
    """Nothing is added to what the city itself asks for."""
    assert CitySettings(target_accuracy=0.97).asked_accuracy == 0.97


def test_a_cautious_city_asks_for_half_the_errors() -> None:
    """What is left to be wrong is halved, whatever the target."""
    for target in (0.8, 0.9, 0.97):
        asked = CitySettings(target_accuracy=target, caution="cautious").asked_accuracy

        assert 1 - asked == pytest.approx((1 - target) / 2)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a city that has a model of its own, as a file and in the store."""
    file = tmp_path / "model"
    file.write_bytes(small_bytes())
    return load_settings(model=str(file), models=str(tmp_path / "models"))


def sent(model: Classifier | None) -> set[int]:
    """Which of the texts that it has never seen it dispatches by itself."""
    assert model is not None
    return {n for n, guess in enumerate(model.classify(unseen_rows().texts)) if guess.outcome != "abstain"}


def test_the_model_of_the_settings_is_surer_where_the_city_is_cautious(settings: Settings) -> None:
    """It sends less by itself, and nothing else than in a usual city."""
    usual, cautious = load_first(settings, USUAL), load_first(settings, CAUTIOUS)

    assert 0 < len(sent(cautious)) < len(sent(usual))
    assert sent(cautious) < sent(usual)


def test_a_promoted_model_is_surer_where_the_city_is_cautious(settings: Settings) -> None:
    """One of the store, like that of the settings."""
    name = Store(settings.models_address).put(small_bytes())

    usual, cautious = load_named(settings, USUAL, name), load_named(settings, CAUTIOUS, name)

    assert [usual.target, cautious.target] == pytest.approx([0.97, 0.985])
    assert 0 < len(sent(cautious)) < len(sent(usual))


async def test_the_models_in_force_become_surer_when_a_cautious_pack_does(settings: Settings) -> None:
    """Without a restart, and back again."""
    models = LiveModels(settings, USUAL)
    before = sent(models.active)

    await models.aim(CAUTIOUS)
    cautious = sent(models.active)
    await models.aim(USUAL)

    assert cautious < before
    assert sent(models.active) == before
