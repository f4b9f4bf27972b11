"""A limit on the lines of a log: what goes wrong again and again is told some times, and then how often."""

import logging
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass

WINDOW_SECONDS = 10.0
ALIKE = 5  # lines of one kind in a window
TOGETHER = 200  # lines of all kinds in a window
_MOST_KINDS = 1_000
_NUMBERS = re.compile(r"\d+")

Kind = tuple[str, int, str]


@dataclass(slots=True)
class _Window:
    """The lines since a window began, and those left out that nobody has been told of."""

    began: float
    passed: int = 0
    left_out: int = 0

    def takes(self, now: float, most: int) -> bool:
        """Whether one more line fits."""
        if not self.began <= now < self.began + WINDOW_SECONDS:  # a clock may be set back
            self.began, self.passed = now, 0
        return self.passed < most


class LineLimit(logging.Filter):
    """Lets at most `ALIKE` lines of one kind through in each window of time, and `TOGETHER` of all kinds. Two lines are
    of one kind when logger, level and words are the same, but for numbers. The next of its kind that gets through says
    how many were left out. CRITICAL lines always get through, and so do DEBUG lines: whoever wants those wants all."""

    def __init__(self) -> None:
        super().__init__()
        self._kinds: OrderedDict[Kind, _Window] = OrderedDict()
        self._together = _Window(0.0)
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line gets through; it says then what was left out before it."""
        if record.levelno >= logging.CRITICAL or record.levelno < logging.INFO:
            return True
        with self._lock:
            window = self._window(record)
            # Both are asked, so that each begins its window anew.
            fits = [window.takes(record.created, ALIKE), self._together.takes(record.created, TOGETHER)]
            if not all(fits):
                window.left_out += 1
                return False
            window.passed += 1
            self._together.passed += 1
            left_out, window.left_out = window.left_out, 0
        if left_out:
            record.msg, record.args = f"{record.getMessage()} ({left_out} lines like this were left out)", None
        return True

    def _window(self, record: logging.LogRecord) -> _Window:
        kind = (record.name, record.levelno, _NUMBERS.sub("", str(record.msg)))
        window = self._kinds.setdefault(kind, _Window(record.created))
        self._kinds.move_to_end(kind)
        if len(self._kinds) > _MOST_KINDS:
            self._kinds.popitem(last=False)
        return window
