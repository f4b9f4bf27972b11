"""Tokens for tests: a file with one holder of each role."""

from pathlib import Path

from models.access import ACCESS
from streams.access.tokens import Grant, add_grant, digest

LATER = "2999-01-01T00:00:00Z"


def grant(token: str, role: str, *, expires: str = LATER, **more: str) -> Grant:
    """What the file keeps of a token: the person is called like it, and so is the source."""
    department = {"department": "roads"} if "department" in ACCESS[role].needs else {}
    return Grant(
        sha256=digest(token), role=role, expires=expires, **{"person": token, "source": token, **department, **more}
    )


def tokens_file(path: Path, *grants: Grant) -> str:
    """A file with these tokens, as the setting names it."""
    for each in grants:
        add_grant(path, each)
    return str(path)


def one_of_each(path: Path) -> str:
    """A file in which each role has one token, which is called like the role; the department's is roads."""
    return tokens_file(path, *(grant(role, role) for role in ACCESS))


def bearer(token: str) -> dict[str, str]:
    """The header that shows a token."""
    return {"authorization": f"Bearer {token}"}
