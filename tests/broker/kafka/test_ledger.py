"""The claims on a real broker: which owner is found, and that it can commit nothing any more once it is fenced."""

import contextlib

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.clients import started, transactional
from streams.kafka.closing import CLOSE_SECONDS
from streams.stage import claims
from streams.stage.claims import KafkaLedger, claim, producer_ids, producer_of
from streams.stage.processing import FENCED
from tests.broker.kafka.test_stage import counting_topics
from tests.support.clusters.counting_stage import options
from tests.support.kafka import Kafka


async def test_a_fenced_owner_commits_with_none_of_its_producers(kafka: Kafka) -> None:
    """It works with several in turn: by one that was left to it, it would take effect beside the next owner."""
    namespace = await counting_topics(kafka)
    own, out = options(kafka.bootstrap, namespace), f"{namespace}.out"
    async with contextlib.AsyncExitStack() as stack:
        producers = [producer_of(own, name) for name in producer_ids("zombie")]
        for producer in producers:
            await stack.enter_async_context(started(producer, CLOSE_SECONDS))
            await producer.begin_transaction()
            await producer.send_and_wait(out, b"too late", partition=0)

        async with KafkaLedger(own) as ledger:
            await ledger.fence("zombie")

        for producer in producers:
            with pytest.raises(FENCED):
                await producer.commit_transaction()
    assert await kafka.read_all(out) == []


async def test_each_input_has_an_owner_of_its_own(kafka: Kafka) -> None:
    """Also where the claims of several stand in one partition: that of another would be fenced in its place."""
    namespace = await counting_topics(kafka)
    parts = [TopicPartition(f"{namespace}.{name}", number) for name in ("in", "other") for number in (0, 1)]

    async with KafkaLedger(options(kafka.bootstrap, namespace)) as ledger:
        former = [await claim(ledger, part, f"owner-{number}") for number, part in enumerate(parts)]
        found = [await ledger.owner_of(part) for part in parts]
        async with ledger.claimer(parts[0]) as one, ledger.claimer(parts[2]) as other:
            await one.commit("again")
            await other.commit("again")

    assert former == [""] * 4
    assert found == [f"owner-{number}" for number in range(4)]


async def test_a_claim_behind_an_open_one_is_waited_for(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever took the partition for one that nobody owns would work on it beside its owner."""
    monkeypatch.setattr(claims, "_OPEN_SECONDS", 1.0)
    namespace = await counting_topics(kafka)
    part = TopicPartition(f"{namespace}.in", 0)
    async with (
        KafkaLedger(options(kafka.bootstrap, namespace)) as ledger,
        started(transactional(kafka.connection, f"{namespace}-other"), CLOSE_SECONDS) as other,
    ):
        await other.begin_transaction()
        await other.send_and_wait(f"{namespace}.claims", b"who", key=b"another input", partition=0)
        async with ledger.claimer(part) as claimer:
            await claimer.commit("owner")

        with pytest.raises(KafkaError, match="stays open"):
            await ledger.owner_of(part)

        await other.abort_transaction()
        assert await ledger.owner_of(part) == "owner"
