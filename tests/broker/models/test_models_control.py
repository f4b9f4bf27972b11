"""Which model is in force is changed as a whole or not at all, and every change is recorded."""

import asyncio

import pytest
from typer.testing import CliRunner

from models.classifier import Classifier
from models.classifier.learning.training import train
from models.classifier.serving.store import Store
from models.errors import PaidanError
from streams.cli.main import app
from streams.control.model_pointers import INITIAL, change, in_force, promoted, read_pointers, rolled_back, shadowed
from streams.control.one_at_a_time import ControlError
from streams.kafka.topics import Names, TopicError
from streams.settings import Settings
from tests.support.cities import tiny_city
from tests.support.kafka import Kafka
from tests.support.learning.classifiers import RECIPES, small_bytes, small_rows

AT = 1_772_352_000_000


async def paidan(settings: Settings, *arguments: str) -> str:
    """Run a command; what it printed. Raises what it raises."""
    done = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=settings.environment())
    if isinstance(done.exception, PaidanError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


async def test_a_promotion_a_rollback_and_a_rollback_of_that(topics: Names, settings: Settings) -> None:
    """The previous model is kept; the shadow ends when it becomes active; the first model has a name, too."""
    await change(settings, shadowed("a" * 16, AT))
    await change(settings, promoted("a" * 16, INITIAL, AT + 1, orders=7, gain=0.5))
    now = await read_pointers(settings)
    assert (now.active, now.shadow, now.previous) == ("a" * 16, "", INITIAL)
    await change(settings, rolled_back(INITIAL, AT + 2, "a drill"))
    now = await read_pointers(settings)
    assert (now.active, now.previous) == (INITIAL, "a" * 16)
    await change(settings, rolled_back("a" * 16, AT + 3))
    now = await read_pointers(settings)
    assert (now.active, now.previous) == ("a" * 16, INITIAL)
    assert "rollback initial, reason: a drill" in await paidan(settings, "model", "list")
    assert [(entry.action, entry.model) for entry in now.changes] == [
        ("shadow", "a" * 16),
        ("promote", "a" * 16),
        ("rollback", INITIAL),
        ("rollback", "a" * 16),
    ]
    assert (now.changes[1].orders, now.changes[1].gain, now.changes[2].forced) == (7, 0.5, "a drill")


async def test_the_model_in_force_is_the_one_that_was_promoted(topics: Names, settings: Settings) -> None:
    """What is asked at a terminal answers as every worker does; a cluster that is away leaves the settings' model."""
    name = Store(settings.models_address).put(small_bytes())
    await change(settings, promoted(name, INITIAL, AT))

    found = await in_force(settings, tiny_city())
    alone = await in_force(settings.model_copy(update={"kafka": "127.0.0.1:1"}), tiny_city())

    assert found is not None
    assert found.id == name
    assert alone is not None
    assert alone.id == Classifier.shipped().id


async def test_what_was_judged_against_another_model_is_not_promoted(topics: Names, settings: Settings) -> None:
    """Somebody was quicker; nothing of the second change is written."""
    await change(settings, promoted("a" * 16, INITIAL, AT))
    before = await read_pointers(settings)
    for late in (promoted("b" * 16, INITIAL, AT + 1), rolled_back("c" * 16, AT + 1), shadowed("a" * 16, AT + 1)):
        with pytest.raises(ControlError):
            await change(settings, late)
    assert await read_pointers(settings) == before


async def test_of_two_changes_at_once_one_is_refused_or_comes_after_the_other(
    topics: Names, settings: Settings
) -> None:
    """There is no mixture: what is previous was active."""
    names = [f"{n:016x}" for n in range(4)]
    done = await asyncio.gather(
        *(change(settings, promoted(name, INITIAL, AT + n)) for n, name in enumerate(names)), return_exceptions=True
    )
    now = await read_pointers(settings)
    assert [type(error) for error in done if error is not None] == [ControlError] * 3
    assert now.active in names
    assert now.previous == INITIAL
    assert len(now.changes) == 1


async def test_a_refusal_is_overruled_with_a_reason_that_is_recorded(topics: Names, settings: Settings) -> None:
    """Without orders to compare on there is no promotion but by force; the list shows what is in force."""
    store = Store(settings.models_address)
    first, second = store.put(small_bytes()), store.put(train(small_rows(), RECIPES, day="2026-01-02"))
    with pytest.raises(ControlError, match="there is nothing to go back to: no model was promoted yet"):
        await paidan(settings, "model", "rollback")
    with pytest.raises(ControlError, match=f"{first} is not promoted: only 0 labelled orders are later"):
        await paidan(settings, "model", "promote", first)
    assert (await read_pointers(settings)).active == INITIAL
    await paidan(settings, "model", "promote", first, "--force", "a new city")
    await paidan(settings, "model", "shadow", second)
    now = await read_pointers(settings)
    assert (now.active, now.shadow, now.previous) == (first, second, INITIAL)
    assert now.changes[0].forced == "a new city"
    assert now.changes[0].refusals[0].startswith("only 0 labelled orders")
    listed = await paidan(settings, "model", "list")
    assert all(
        word in listed for word in (first, second, INITIAL, "active", "shadow", "previous", "forced: a new city")
    )
    with pytest.raises(PaidanError, match="the log holds no final label yet"):
        await paidan(settings, "train", "--from-log")
    assert {first, second} == set(store)
    assert Classifier.from_bytes(small_bytes()).id == first


async def test_without_its_topics_each_command_says_so(kafka: Kafka, settings: Settings) -> None:
    """In one sentence, and soon."""
    for command in (["labels", "export"], ["model", "list"], ["model", "rollback"], ["train", "--from-log"]):
        with pytest.raises(TopicError, match=r"missing topics: .*; `paidan topics create` makes them"):
            await paidan(settings, *command)
