"""New topics: how each is set up, and that on several brokers one hears of them later than the others."""

from collections import deque
from typing import Any, cast

import pytest

from streams.kafka.topics import Names, Topic, all_topics, topic_setup
from streams.kafka.topics.topic_setup import _await_all_brokers
from streams.settings import load_settings

NAMES = Names("t")
TOPICS = {
    topic.name: topic
    for topic in all_topics(load_settings(namespace="t", partitions=7), ("roads",), ("car",), ("hub",))
}


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


def test_what_all_else_is_computed_from_is_kept_for_ever() -> None:
    """And nothing of it is compacted: each record counts."""
    whole = {NAMES.inbox, NAMES.urgent, NAMES.orders}

    assert {name for name, topic in TOPICS.items() if topic.whole} == whole
    for name in whole:
        kept = TOPICS[name].settings
        assert (kept["cleanup.policy"], kept["retention.ms"], kept["retention.bytes"]) == ("delete", "-1", "-1")


def test_of_what_a_state_is_restored_from_the_newest_row_of_each_key_stays() -> None:
    """However long ago it was written: who owns a partition, where an order stands, what is in force."""
    states = {NAMES.desk, NAMES.figures, NAMES.archive, NAMES.claims, NAMES.control, NAMES.silences, NAMES.report_keys}
    tables = {NAMES.tables_changelog("orders"), NAMES.tables_changelog("figures")}

    compacted = {name for name, topic in TOPICS.items() if topic.settings["cleanup.policy"] == "compact"}
    assert compacted == states | tables | {NAMES.hub_figures("hub")}
    assert not [name for name in compacted if "retention.ms" in TOPICS[name].settings]


def test_when_it_came_in_the_broker_says_of_all_that_others_send_and_the_desk_decides() -> None:
    """Else a sender's clock would move the desk's, and what is old would be new."""
    sent = {NAMES.reports, NAMES.detections, NAMES.updates, NAMES.units, NAMES.above, NAMES.updates_of("roads")}

    stamped = {
        name for name, topic in TOPICS.items() if topic.settings.get("message.timestamp.type") == "LogAppendTime"
    }
    assert stamped == {*sent, NAMES.inbox, NAMES.urgent, NAMES.hub_figures("hub")}


def test_what_an_areas_desk_reads_and_writes_has_one_number_of_partitions() -> None:
    """What inbox partition n leads to goes to their partition n."""
    together = {
        *(NAMES.inbox, NAMES.urgent, NAMES.orders, NAMES.desk, NAMES.figures, NAMES.archive, NAMES.claims),
        *(NAMES.notices, NAMES.upward, NAMES.outcomes, NAMES.rechecks, NAMES.report_keys),
        *(NAMES.reports, NAMES.detections, NAMES.updates, NAMES.units),
        *(NAMES.tables_changelog("orders"), NAMES.tables_changelog("figures")),
    }

    assert {name for name, topic in TOPICS.items() if topic.partitions == 7} == together
    assert {topic.partitions for name, topic in TOPICS.items() if name not in together} == {1}
