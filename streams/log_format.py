"""How a line of a log is written: for people, or as one JSON object for what collects logs."""

import logging
from typing import Literal

import msgspec

from models.times import to_text

LogFormat = Literal["text", "json"]


class JsonLines(logging.Formatter):
    """One JSON object a line: `time` (RFC 3339, UTC), `level`, `logger`, `message`, and `error` with the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line; what cannot be encoded is replaced."""
        line = {
            "time": to_text(int(record.created * 1000)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        whole = {name: text.encode(errors="replace").decode() for name, text in line.items()}
        return msgspec.json.encode(whole).decode()


def formatter(kind: LogFormat) -> logging.Formatter:
    """What writes lines of this kind."""
    return JsonLines() if kind == "json" else logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
