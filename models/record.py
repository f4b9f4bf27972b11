"""A Kafka record as those need it who read one; the client's own type stays outside."""

from collections.abc import Sequence
from typing import Protocol


class Record(Protocol):
    """One record: where it stands, when Kafka took it in (`timestamp`, ms UTC), what it holds; aiokafka's
    ConsumerRecord is one."""

    @property
    def topic(self) -> str: ...

    @property
    def partition(self) -> int: ...

    @property
    def offset(self) -> int: ...

    @property
    def timestamp(self) -> int: ...

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...
