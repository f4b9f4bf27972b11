"""New topics on several brokers, of which one hears of them later than the others."""

from collections import deque
from typing import Any, cast

import pytest

from streams.kafka.topics import Topic, topic_setup
from streams.kafka.topics.topic_setup import _await_all_brokers


class Brokers:
    """Each question is answered by the next broker in turn; the last one answers all that follow."""

    def __init__(self, *answers: list[str]) -> None:
        self.left = deque(answers)

    async def list_topics(self) -> list[str]:
        """The topics that this broker knows."""
        return self.left.popleft() if len(self.left) > 1 else self.left[0]


async def test_new_topics_are_awaited_until_no_broker_misses_one() -> None:
    """That one broker knows them says nothing about the next."""
    brokers = Brokers([], ["new"], ["new"], [], ["new"])

    await _await_all_brokers(cast(Any, brokers), (Topic("new", 1),))

    assert brokers.left == deque([["new"]])


class Leaders:
    """A cluster whose partitions get their leaders one by one: how many have none, each time that it is asked."""

    def __init__(self, *without: int) -> None:
        self._without = iter(without)

    async def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        """One topic of three partitions."""
        left = next(self._without)
        return [
            {"topic": names[0], "error_code": 0, "partitions": [{"leader": -1 if n < left else 1} for n in range(3)]}
        ]


async def test_leaders_are_waited_for_as_long_as_there_are_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy cluster takes its time; when for so long none has come, it is said."""
    monkeypatch.setattr(topic_setup, "_LEADERS_TIMEOUT_S", -1.0)

    await topic_setup._await_leaders(cast(Any, Leaders(2, 1, 0)), ["t"])

    with pytest.raises(topic_setup.TopicError, match="have no leader after"):
        await topic_setup._await_leaders(cast(Any, Leaders(2, 1, 1)), ["t"])
