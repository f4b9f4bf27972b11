"""What is wrong with a city pack: every mistake at once, each with its file, line and field."""

from collections.abc import Collection, Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from models.errors import PaidanError
from models.events.broken_rules import broken_rule

# Where there is no value, it is the name that is wrong, or the sentence says of the value what is to be said.
_WITHOUT_VALUE = ("missing", "extra_forbidden", "value_error")
_SHOWN = 80  # characters of a value: enough to find it by


class CityError(PaidanError):
    """The pack cannot be used. `problems` holds one "file:line: field: message" for each mistake, in file order."""

    exit_code = 2

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems: tuple[str, ...] = tuple(problems)
        count = len(self.problems)
        head = "the city pack has 1 mistake:" if count == 1 else f"the city pack has {count} mistakes:"
        super().__init__("\n".join([head, *self.problems]))


class Problems:
    """Collects mistakes while a pack is read, so that an official sees all of them in one go."""

    def __init__(self) -> None:
        self._found: list[tuple[str, int, str]] = []
        # Files that could not be read at all: references to what they define are not checked.
        self.unread: set[str] = set()
        # What stands in rows that could not be read: a reference to one of these names is no mistake of its own.
        self.excused: set[str] = set()

    def add(self, file: str, line: int, field: str, message: str) -> None:
        """Note one mistake; `field` may be empty when the whole line or file is meant."""
        self._found.append((file, line, f"{field}: {message}" if field else message))

    def add_validation(self, file: str, line: int, error: ValidationError, once: Collection[str] = ()) -> None:
        """Note every mistake that pydantic found in one row or table; of a field of `once` the first alone."""
        seen: set[object] = set()
        for detail in error.errors():
            field = detail["loc"][0] if detail["loc"] else ""
            if field not in seen:
                self.add_detail(file, line, detail)
            seen |= {field} & set(once)

    def add_detail(self, file: str, line: int, detail: ErrorDetails) -> None:
        """Note one of pydantic's mistakes."""
        field = ".".join(str(part) for part in detail["loc"])
        self.add(file, line, field, _sentence(detail))

    def raise_if_any(self) -> None:
        """Raises CityError when anything was noted."""
        if self._found:
            lines = sorted(set(self._found))
            raise CityError(f"{file}:{line}: {text}" for file, line, text in lines)


def _sentence(detail: ErrorDetails) -> str:
    told = broken_rule(detail)
    if detail["type"] in _WITHOUT_VALUE:
        return told
    value = repr(detail["input"])
    return f"{value if len(value) <= _SHOWN else value[:_SHOWN] + '…'}: {told}"
