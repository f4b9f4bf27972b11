"""SQL over the lake."""

from typing import NamedTuple

import duckdb

from models.errors import UsageError
from streams.lake.parquet import Lake


class Answered(NamedTuple):
    """What a query came to."""

    names: list[str]
    rows: list[tuple[object, ...]]


def ask(lake: Lake, sql: str) -> Answered:
    """The rows of a query; each table of the lake is a view of its name. Raises UsageError for what is no query that
    can be answered."""
    with duckdb.connect() as connection:
        if not lake.is_local:
            connection.register_filesystem(lake.files)
        connection.execute("SET TimeZone = 'UTC'")
        try:
            for table in lake.tables():
                files = lake.pattern(table).replace("'", "''")
                connection.execute(f"CREATE VIEW {table} AS FROM read_parquet('{files}', hive_partitioning = false)")
            found = connection.execute(sql)
            names = [column[0] for column in found.description or ()]
            return Answered(names, found.fetchall())
        except duckdb.Error as error:
            raise UsageError(f"the query cannot be answered: {error}") from None
