"""New topics on several brokers, of which one hears of them later than the others."""

from collections import deque
from typing import Any, cast

from streams.kafka.topics import Topic, _await_all_brokers


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
