"""What Boston's figures must be, straight from the CSV with pandas: no code of the project is used here."""

from pathlib import Path
from typing import Any

import pandas as pd

ZONE = "America/New_York"
LAST_DAY = pd.Timestamp("2016-01-12")


def cases(file: Path, every: int = 1) -> pd.DataFrame:
    """One row a case (of so many, one): department, status, opened, due, closed (aware) and the days of each."""
    raw = pd.read_csv(file, dtype=str, keep_default_na=False).iloc[::every]
    moments = {
        name: pd.to_datetime(raw[column].replace("", None)).dt.tz_localize(ZONE, ambiguous="raise", nonexistent="raise")
        for name, column in (("opened", "OPEN_DT"), ("due", "TARGET_DT"), ("closed", "CLOSED_DT"))
    }
    frame = pd.DataFrame({"department": raw["SUBJECT"], "status": raw["OnTime_Status"], **moments})
    early = frame.closed.notna() & (frame.closed < frame.opened)
    frame.loc[early, "closed"] = frame.opened[early]
    for name in ("opened", "due", "closed"):
        frame[f"{name}_day"] = frame[name].dt.tz_localize(None).dt.normalize()
    frame["on_time"] = frame.due.notna() & frame.closed.notna() & (frame.closed <= frame.due)
    frame["seconds"] = (frame.closed - frame.opened).dt.total_seconds()
    # Overdue at any time at all: not closed by the due time.
    frame["breached"] = frame.due.notna() & ~(frame.closed <= frame.due)
    return frame


def months() -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """First and last day of each month of the window."""
    firsts = pd.date_range("2015-01-01", "2016-01-01", freq="MS")
    return [(first, min(first + pd.offsets.MonthEnd(0), LAST_DAY)) for first in firsts]


def expected(frame: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> dict[str, Any]:
    """The indicators of some cases in a window of days."""
    closed = frame[frame.closed_day.between(first, last)]
    still = frame.closed.isna() | (frame.closed_day > last)
    overdue = int((frame.breached & (frame.due_day <= last) & still).sum())
    limited, on_time = int(closed.due.notna().sum()), int(closed.on_time.sum())
    seconds = sorted(closed.seconds)

    def rank(hundredths: int) -> float | None:
        return seconds[hundredths * (len(seconds) - 1) // 100] if seconds else None

    return {
        "received": int(frame.opened_day.between(first, last).sum()),
        "closed": len(closed),
        "open": int(((frame.opened_day <= last) & still).sum()),
        "overdue_open": overdue,
        "closed_on_time": on_time,
        "closure_rate": len(closed) / (len(closed) + overdue) if len(closed) + overdue else None,
        "on_time_closure_rate": on_time / (limited + overdue) if limited + overdue else None,
        "resolution_seconds": {
            "p50": rank(50),
            "p90": rank(90),
            "p95": rank(95),
            "max": seconds[-1] if seconds else None,
            "mean": sum(seconds) / len(seconds) if seconds else None,
            "count": len(seconds),
        },
    }
