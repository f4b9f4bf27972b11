"""SQL over the lake, and over orders and figures as they stand."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import duckdb

from dispatcher.figures.indicators import COMING, INDICATORS, STOCKS
from models.errors import UsageError
from streams.lake.parquet import ArrowTable, Lake

LIVE = "live_"  # before the name of a table that was read just now
# Every count, stock and rate over a window of days, and of durations the mean in seconds: of the city, which is the sum
# of its areas, and of each key of each dimension. Flows are of the window's days, stocks as they stand at its end.
_INDICATORS = """
CREATE MACRO {prefix}indicators(first_day, last_day) AS TABLE
WITH rows_of_all AS (
    FROM {prefix}figures
    UNION ALL
    SELECT * REPLACE ('city' AS dimension, '' AS key) FROM {prefix}figures WHERE dimension = 'area'
), amounts AS (
    SELECT dimension, key, figure, sum(count) AS times, sum(total_ms) AS total_ms FROM rows_of_all
    WHERE day <= last_day AND (day >= first_day OR figure IN ({stocks})) GROUP BY ALL
), sums AS (
    SELECT dimension, key, indicator, version, kind,
        coalesce(sum(times) FILTER (above), 0) AS top, coalesce(sum(times) FILTER (NOT above), 0) AS bottom,
        sum(total_ms) AS total_ms
    FROM amounts JOIN definitions USING (figure) GROUP BY ALL
)
SELECT dimension, key, indicator, version, CASE kind
    WHEN 'rate' THEN top / nullif(bottom, 0)
    WHEN 'duration' THEN total_ms / nullif(top, 0) / 1000
    WHEN 'seconds' THEN top / 1000
    ELSE top END::DOUBLE AS value
FROM sums
"""


class Answered(NamedTuple):
    """What a query came to."""

    names: list[str]
    rows: list[tuple[object, ...]]


def ask(lake: Lake, sql: str, live: Mapping[str, ArrowTable] | None = None) -> Answered:
    """The rows of a query. Each table of the lake is a view of its name, each of those that are `live` one behind
    `live_`; `indicators(first_day, last_day)` and `live_indicators` are what their figures come to. Raises UsageError
    for what is no query that can be answered."""
    with duckdb.connect() as connection:
        if not lake.is_local:
            connection.register_filesystem(lake.files)
        connection.execute("SET TimeZone = 'UTC'")
        try:
            connection.execute(
                "CREATE TABLE definitions (indicator VARCHAR, version INT, kind VARCHAR, figure VARCHAR, above BOOL)"
            )
            connection.executemany("INSERT INTO definitions VALUES (?, ?, ?, ?, ?)", list(_definitions()))
            tables = lake.tables()
            for table in tables:
                files = lake.pattern(table).replace("'", "''")
                options = "hive_partitioning = false, union_by_name = true"
                connection.execute(f"CREATE VIEW {table} AS FROM read_parquet('{files}', {options})")
            for table, rows in (live or {}).items():
                connection.register(f"{LIVE}{table}", rows)
            for prefix, known in (("", tables), (LIVE, live or {})):
                if "figures" in known:
                    stocks = ", ".join(f"'{name}'" for name in STOCKS)
                    connection.execute(_INDICATORS.format(prefix=prefix, stocks=stocks))
            found = connection.execute(sql)
            names = [column[0] for column in found.description or ()]
            return Answered(names, found.fetchall())
        except duckdb.Error as error:
            raise UsageError(f"the query cannot be answered: {error}") from None


def _definitions() -> Iterator[tuple[str, int, str, str, bool]]:
    """Of what each indicator is made, above and below the line; what is to come stands beside what counts."""
    for each in (*INDICATORS.values(), *COMING):
        for above, figures in ((True, each.top), (False, each.bottom)):
            yield from ((each.name, each.version, each.kind, figure, above) for figure in figures)
