"""The topics: their names, what each is for, how each is set up. Created once, checked at every start."""

from streams.kafka.topics.topic_names import Names
from streams.kafka.topics.topic_setup import TopicError, check_shared, check_topics, create_topics, is_there
from streams.kafka.topics.topic_table import (
    DEAD_LETTER_DAYS,
    Topic,
    all_topics,
    city_topics,
    shared_topics,
    tables_changelogs,
)

__all__ = [
    "DEAD_LETTER_DAYS",
    "Names",
    "Topic",
    "TopicError",
    "all_topics",
    "check_shared",
    "check_topics",
    "city_topics",
    "create_topics",
    "is_there",
    "shared_topics",
    "tables_changelogs",
]
