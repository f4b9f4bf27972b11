"""A Kafka record as those need it who read one; the client's own type stays outside."""

from collections.abc import Sequence
from typing import Protocol


class Record(Protocol):
    """One record: where it stands, when Kafka took it in, what it holds; aiokafka's ConsumerRecord is one."""

    @property
    def topic(self) -> str:
        """The topic that it stands in."""

    @property
    def partition(self) -> int:
        """The number of its partition."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """When Kafka took it in, ms UTC."""

    @property
    def key(self) -> bytes | None:
        """Its key as bytes."""

    @property
    def value(self) -> bytes | None:
        """What it holds; None is a tombstone."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Names and values, in their order; a name may come twice."""
