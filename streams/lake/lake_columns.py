"""What the tables of the lake hold: every column with its type and meaning. Instants are UTC in milliseconds."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal["string", "int64", "double", "bool", "instant"]

VERSION = 2  # of the columns and of which rows there are: files of another one are written anew


class Column(NamedTuple):
    """One column; a value that is not known is null."""

    name: str
    kind: Kind
    meaning: str


_WHERE_IN_THE_LOG = (
    Column("partition", "int64", "partition of `paidan.orders`"),
    Column("offset", "int64", "offset of the record in it; with the partition it names a row"),
)
_FACT = (
    *_WHERE_IN_THE_LOG,
    Column("order_id", "string", "the order; of a refusal without one the area"),
    Column("seq", "int64", "the how-manieth fact of its order; null for a refusal, which changed nothing"),
    Column("fact", "string", "its name, such as `assigned`; `update-refused` for a refusal"),
    Column("state", "string", "state of the order after it"),
    Column("at", "instant", "when it happened"),
    Column("recorded_at", "instant", "where the desk's clock stood"),
    Column("day", "int64", "city-local day of `at`, yyyymmdd"),
    Column("role", "string", "role of who did it"),
    Column("actor_department", "string", "department of who did it"),
    Column("reason", "string", "of a refusal: its code"),
)
_ASSIGNMENT = (
    *_WHERE_IN_THE_LOG,
    Column("order_id", "string", "the order"),
    Column("attempt", "int64", "the how-manieth assignment of its order"),
    Column("department", "string", "who leads"),
    Column("above", "string", "the department that has handed it down; null where it was dispatched"),
    Column("category", "string", "as what it was dispatched; null where it was handed down"),
    Column("priority", "int64", "1 is the most urgent of 5; null where it was handed down"),
    Column("at", "instant", "when it was assigned"),
    Column("day", "int64", "city-local day of `at`, yyyymmdd"),
    Column("accept_by", "instant", "until when it has to be accepted"),
    Column("handle_by", "instant", "until when it has to be handled"),
    Column("decided_by", "string", "what decided: rule, table, reviewer, …"),
    Column("rule", "string", "the rule, where one decided"),
    Column("model", "string", "the classifier, where one was asked"),
    Column("probability", "double", "how sure it was"),
)
_ORDER = (
    Column("partition", "int64", "partition of the desk's tables"),
    Column("order_id", "string", "the order"),
    Column("seq", "int64", "its newest fact"),
    Column("state", "string", "its state"),
    Column("kind", "string", "report or detection: what founded it"),
    Column("channel", "string", "how it was reported"),
    Column("area", "string", "its area"),
    Column("lat", "double", "where it is"),
    Column("lon", "double", "where it is"),
    Column("category", "string", "what it is"),
    Column("department", "string", "who has it"),
    Column("priority", "int64", "1 is the most urgent of 5"),
    Column("attempt", "int64", "assignments so far"),
    Column("reports", "int64", "evidence in it"),
    Column("opened_at", "instant", "when it was opened"),
    Column("last_at", "instant", "its last step"),
    Column("due", "instant", "its own limit, as it stands"),
    Column("overdue_at", "instant", "since when it is overdue"),
    Column("closed_at", "instant", "its last closing that stands"),
    Column("archived", "bool", "whether the desk has let go of it"),
    Column("part_of", "string", "the joint order that it is a part of"),
    Column("asset", "string", "id of the asset that its first sightings are of"),
)
_FIGURE = (
    Column("partition", "int64", "partition of the figures"),
    Column("dimension", "string", "department, category, area or stage"),
    Column("key", "string", "of which one"),
    Column("day", "int64", "city-local day, yyyymmdd"),
    Column("figure", "string", "a counter, or a duration ending in `_ms`"),
    Column("count", "int64", "how many; of a stock by how much it changed that day"),
    Column("total_ms", "int64", "of a duration the sum"),
)
TABLES: Mapping[str, tuple[Column, ...]] = {
    "facts": _FACT,
    "assignments": _ASSIGNMENT,
    "orders": _ORDER,
    "figures": _FIGURE,
}
