"""Response, handling and on-time figures of real tickets equal a batch computation straight from the CSV.

A ticket is created and reviewed, given to its organisation when it was assigned, accepted when handling began (or with
the reply where that is not known), handled when it was replied to, and passed by the reporter when it was done.
"""

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dispatcher.figures.figure_row import FigureRow
from dispatcher.figures.indicators import Window, city, indicators, totals
from models.city import City, read_city
from models.events import REPORT, UPDATE
from models.times import from_text, to_ms, to_text
from tests.support.boston import convert
from tests.support.replaying import replay

ZONE = "Asia/Shanghai"
SOURCE = "hotline"
STEPS = ("created_at", "assign_at", "handle_at", "reply_at", "done_at", "deadline")
WINDOWS = [(20150101, 20250303), *((year * 10000 + 101, year * 10000 + 1231) for year in range(2020, 2025))]


@pytest.fixture(scope="module")
def tickets(shared: Path) -> pd.DataFrame:
    """One row a ticket with aware times; what is not known is NaT; no step lies before the one before it."""
    frame = pd.read_csv(shared / "hotline_lifecycle_zh" / "tickets.csv", dtype={"org_id": str, "id": str})
    for name in STEPS:
        frame[name] = pd.to_datetime(frame[name], format="ISO8601").dt.tz_localize(ZONE)
    frame["handle_at"] = frame.handle_at.where(frame.handle_at.notna(), frame.reply_at)
    frame["assign_at"] = frame[["created_at", "assign_at"]].max(axis=1)
    return frame


def pack(tickets: pd.DataFrame) -> City:
    """A city of one area whose departments are the organisations; every report is looked at by a person first."""
    rows = [{"SUBJECT": f"org {org}", "neighborhood": ""} for org in sorted(tickets.org_id.unique())]
    files = convert.pack(rows)
    files["city.toml"] = files["city.toml"].replace(b"America/New_York", ZONE.encode())
    files["rules.toml"] = (
        b'[[rules]]\nid = "look"\nreason = "a person decides"\nwhen = { hint = "ticket" }\nthen = { review = true }\n'
    )
    return read_city(files)


def text(moment: pd.Timestamp) -> str:
    """A time on the wire."""
    return to_text(to_ms(moment.to_pydatetime()))


def events(tickets: pd.DataFrame) -> list[dict[str, Any]]:
    """The report of each ticket and its steps."""
    found = []
    place = {"area": convert.ELSEWHERE}
    for ticket in tickets.to_dict("records"):
        due = None if pd.isna(ticket["deadline"]) else text(ticket["deadline"])
        report = {"text": "ticket", "category": "ticket", "location": place, "due_at": due}
        found.append(_event(REPORT, ticket["id"], ticket["created_at"], report))
        org = f"org-{ticket['org_id']}"
        department = {"role": "department", "department": org, "id": "clerk"}
        for action, moment, by, more in (
            ("decide", ticket["assign_at"], {"role": "reviewer", "id": "r"}, {"category": org, "department": org}),
            ("accept", ticket["handle_at"], department, {}),
            ("handle", ticket["reply_at"], department, {"evidence_urls": ["https://tickets.example/1"]}),
            ("check-pass", ticket["done_at"], {"role": "inspector", "id": "i"}, {}),
        ):
            if not pd.isna(moment):
                named = {"report": {"source": SOURCE, "id": ticket["id"]}, "location": place}
                data = {"action": action, "by": by, **named, **more}
                found.append(_event(UPDATE, f"{ticket['id']}/{action}", moment, data))
    return found


def _event(kind: str, event_id: object, moment: Any, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(event_id),
        "source": SOURCE,
        "type": kind,
        "time": text(moment),
        "data": data,
    }


def expected(part: pd.DataFrame, first: int, last: int) -> dict[str, Any]:
    """Counts, on-time figures, and the sorted seconds of response and handling, of a window of days."""

    def within(name: str) -> Any:
        return part[name].dt.strftime("%Y%m%d").fillna("0").astype(int).between(first, last)

    def seconds(name: str) -> list[float]:
        chosen = part[within(name)]
        return sorted((chosen[name] - chosen.assign_at).dt.total_seconds())

    closed = part[within("done_at")]
    # Handled is not overdue; what was handled late was, up to then.
    past = part.deadline.notna() & (part.deadline.dt.strftime("%Y%m%d").fillna("0").astype(int).between(1, last))
    until = part.reply_at.dt.strftime("%Y%m%d").fillna("99999999").astype(int)
    overdue = part[past & ~(part.reply_at <= part.deadline) & (until > last)]
    return {
        "opened": int(within("created_at").sum()),
        "accepted": int(within("handle_at").sum()),
        "handled": int(within("reply_at").sum()),
        "closed": len(closed),
        "closed_on_time": int((closed.reply_at <= closed.deadline).sum()),
        "overdue_open": len(overdue),
        "response_seconds": seconds("handle_at"),
        "handling_seconds": seconds("reply_at"),
    }


def unlike(row: FigureRow, wanted: dict[str, Any], where: str) -> list[str]:
    """Where a sum of figures and the batch disagree: counts exactly, quantiles within 1 %, means to the millisecond."""
    found = indicators(row)
    wrong = []
    for name, value in wanted.items():
        mine = found[name]
        if not isinstance(value, list):
            if mine != value:
                wrong.append(f"{where} {name}: {mine} is not {value}")
            continue
        assert isinstance(mine, dict)
        ranks = {"p50": 50, "p90": 90, "p95": 95, "max": 100}
        exact: dict[str, float] = {key: value[q * (len(value) - 1) // 100] for key, q in ranks.items() if value}
        close = all(math.isclose(mine[key] or 0, one, rel_tol=0.01, abs_tol=0.002) for key, one in exact.items())
        mean = not value or math.isclose(mine["mean"] or 0, sum(value) / len(value), abs_tol=0.002)
        if mine["count"] != len(value) or not close or not mean:
            wrong.append(f"{where} {name}: {mine} is not {exact} of {len(value)}")
    return wrong


def test_the_stage_times_of_a_hotline_come_to_what_the_csv_says(tickets: pd.DataFrame, tmp_path: Path) -> None:
    """In all, for each organisation, and year by year."""
    file = tmp_path / "tickets.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in events(tickets)))
    rows = replay(pack(tickets), file, from_text("2025-03-03T23:59:59+08:00"))
    wrong = []
    for first, last in WINDOWS:
        sums = totals(rows, Window(first=first, last=last))
        wrong += unlike(city(sums), expected(tickets, first, last), f"all {first}")
        for org, part in tickets.groupby("org_id"):
            row = sums.get(("department", f"org-{org}"), FigureRow())
            wrong += unlike(row, expected(part, first, last), f"{org} {first}")
    assert wrong == []
