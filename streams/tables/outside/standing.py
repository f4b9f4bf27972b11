"""What stands and moves outside, of one partition: cameras that are silent 离线, and where mobile units are."""

import msgspec

from dispatcher.partition import row_keys
from dispatcher.partition.state import UnitState

_REPORTED = b"0"  # of a camera whose silence is reported; else its row is an instant
_decode_unit = msgspec.json.Decoder(UnitState).decode


def is_wanted(key: str) -> bool:
    """Whether a row of the desk's changelog is one of these."""
    return row_keys.is_camera(key) or row_keys.is_unit(key)


def stands(key: str, row: bytes) -> bool:
    """Whether a row is to be kept: of cameras those alone that are silent, which are few and change seldom; all others
    write so often as they are heard of."""
    return row == _REPORTED if row_keys.is_camera(key) else True


class StandingView:
    """The rows that stand, by their names."""

    def __init__(self) -> None:
        self.silent: set[str] = set()
        self.units: dict[str, UnitState] = {}

    def put(self, key: str, row: bytes) -> None:
        """Take a row that stands. Raises msgspec errors when it is none."""
        kind, name = row_keys.parse(key)
        if kind == "camera":
            self.silent.add(name)
        else:
            self.units[name] = _decode_unit(row)

    def drop(self, key: str) -> None:
        """A row stands no more."""
        kind, name = row_keys.parse(key)
        if kind == "camera":
            self.silent.discard(name)
        else:
            self.units.pop(name, None)
