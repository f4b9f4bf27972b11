"""Patterns that are compiled when they are first asked.

The two hundred of this folder take a fifth of a second to compile, and most roles mask nothing for days.
"""

import re
from typing import cast

_ASKED = ("search", "match", "fullmatch", "finditer", "findall", "split", "sub")


class _Late:
    """Has none of a pattern's methods until one is asked for, and from then on all of them as its own attributes: so
    that asking costs no more than it costs of the pattern itself."""

    def __init__(self, pattern: str, flags: re.RegexFlag) -> None:
        self.pattern, self.flags = pattern, flags

    def __getattr__(self, name: str) -> object:
        if name not in _ASKED:
            raise AttributeError(name)
        compiled = re.compile(self.pattern, self.flags)
        for method in _ASKED:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def late(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """As `re.compile`, for what is asked by its methods alone; a mistake in it is found when it is first asked."""
    return cast("re.Pattern[str]", _Late(pattern, flags))
