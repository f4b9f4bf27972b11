"""What Paidan says to people, in Chinese 中文: `messages.csv` has each sentence in both languages.

English stands in the code where it is said, and a sentence is its own id, as with gettext; `{}` in the table stands for
what varies in it, `{0}` and `{1}` in the Chinese for the first and second of these, which may be sentences of the table
themselves. So what is raised deep inside needs to know of no language: who writes it to somebody asks here.
"""

import csv
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

CHINESE, ENGLISH = "zh", "en"
_HOLE = r"(.*?)"


@lru_cache(maxsize=1)
def messages() -> Mapping[str, str]:
    """The Chinese sentence by the English one, in the order of the table."""
    text = (files("streams") / "messages.csv").read_text(encoding="utf-8")
    return {row["en"]: row["zh"] for row in csv.DictReader(text.splitlines())}


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The sentences in which something varies, those that say most first: `must be {}` fits almost anything."""
    varying = sorted((en for en in messages() if "{}" in en), key=lambda en: -len(en.replace("{}", "")))
    return tuple((re.compile(_HOLE.join(map(re.escape, en.split("{}"))), re.DOTALL), messages()[en]) for en in varying)


def in_chinese(sentence: str) -> str:
    """A sentence in Chinese. What the table does not have stays as it is: of `file:3: field: sentence` the front, of a
    list the lines that it does not know."""
    if "\n" in sentence:
        return "\n".join(map(in_chinese, sentence.split("\n")))
    if (exact := messages().get(sentence)) is not None:
        return exact
    front, colon, rest = sentence.partition(": ")
    if (exact := messages().get(rest)) is not None:  # whole, before something of it fits what varies: `{} is not a {}`
        return f"{front}{colon}{exact}"
    for pattern, chinese in _patterns():
        if (found := pattern.fullmatch(sentence)) is not None:
            return chinese.format(*map(in_chinese, found.groups()))
    return f"{front}{colon}{in_chinese(rest)}" if colon else sentence


def wants_chinese(accept_language: str) -> bool:
    """Whether a header `Accept-Language` (RFC 9110, 12.5.4) would rather have Chinese than English."""
    wishes = []
    for part in accept_language.lower().split(","):
        tag, _, weight = part.partition(";")
        number = weight.strip().removeprefix("q=")
        wishes.append((float(number) if re.fullmatch(r"[01](\.\d{0,3})?", number) else 1.0, tag.strip()))
    wishes.sort(key=lambda wish: -wish[0])  # of two that weigh the same the first goes before
    known = (tag.partition("-")[0] for weight, tag in wishes if weight > 0)
    return next((tag for tag in known if tag in (CHINESE, ENGLISH)), ENGLISH) == CHINESE


def in_locale(sentence: str, environment: Mapping[str, str] = os.environ) -> str:
    """A sentence for whoever sits at the terminal: in Chinese when the locale is, by the variables that POSIX asks."""
    locale = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return in_chinese(sentence) if locale.lower().startswith(CHINESE) else sentence
