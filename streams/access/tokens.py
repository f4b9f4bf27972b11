"""The file of tokens: digests with who holds each and until when. Read anew whenever it changes.

A token is 256 random bits, so SHA-256 is all that its digest needs: there is nothing to guess that a slow hash would
make slower. It is looked up by that digest, and how long a lookup takes says nothing about digests that are near.
"""

import contextlib
import hashlib
import logging
import os
import re
import secrets
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from filelock import FileLock

from models.access import ACCESS, Holder
from models.errors import UsageError
from models.redact import KNOWN_AS
from models.times import from_text

log = logging.getLogger(__name__)

HANDLE = 12  # so many hexadecimal digits of the digest name a token
SIGNED_SOURCE = "oidc-"  # sources of holders of signed tokens begin with it, those of this file never
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MOST_PERSON = 256  # characters of a person's id
_BEGINNING = "paidan_"  # so that whoever looks for secrets in texts knows one
Seen = tuple[int, int, int]  # what tells one state of the file from another


class Grant(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """What the file keeps of one token: its digest, whose it is, when it ends (RFC 3339)."""

    sha256: str
    role: str
    person: str
    source: str
    department: str = ""
    area: str = ""
    expires: str

    @property
    def handle(self) -> str:
        """How commands name it."""
        return self.sha256[:HANDLE]

    @property
    def expires_ms(self) -> int:
        """When it ends, ms UTC."""
        return from_text(self.expires)

    @property
    def holder(self) -> Holder:
        """Who asks with this token: role, person and how far their rights reach."""
        return Holder(self.role, self.person, self.source, self.department, self.area)


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tokens: tuple[Grant, ...] = ()


def check_grant(grant: Grant) -> None:
    """Raises UsageError when nobody can be what it says."""
    access = ACCESS.get(grant.role)
    if access is None:
        raise UsageError(f"the role must be one of {', '.join(ACCESS)}")
    for name in ("person", *access.needs):
        if not getattr(grant, name):
            raise UsageError(f"a token of the role {grant.role} needs a {name}")
    if grant.department and "department" not in access.needs:
        raise UsageError(f"a token of the role {grant.role} has no department")
    if grant.person.startswith(KNOWN_AS):  # so the gateway itself names a reporter; nobody may be called so
        raise UsageError(f"the person's id must not begin with {KNOWN_AS}")
    if not grant.person.isprintable() or len(grant.person) > MOST_PERSON:
        raise UsageError("the person's id must be printable and have at most 256 characters")
    if not _SOURCE.fullmatch(grant.source) or grant.source.startswith(SIGNED_SOURCE):
        raise UsageError(f"a source must be letters, digits, '.', '_' and '-', and not begin with {SIGNED_SOURCE}")
    try:
        grant.expires_ms  # noqa: B018 - whether it can be read
    except (ValueError, OverflowError):
        raise UsageError(f"{grant.expires} is no time such as 2027-01-01T00:00:00Z") from None


def read_grants(path: Path) -> tuple[Grant, ...]:
    """What the file holds. Raises UsageError when it cannot be read or holds something else."""
    try:
        grants = msgspec.json.decode(path.read_bytes(), type=_Content).tokens
    except FileNotFoundError:
        raise UsageError(f"there is no file of tokens {path}: `paidan token add` makes it") from None
    except OSError as error:
        raise UsageError(f"the file of tokens {path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # ValidationError is one
        raise UsageError(f"the file of tokens {path} cannot be read: {error}") from None
    for grant in grants:
        check_grant(grant)
    return grants


def digest(token: str) -> str:
    """What stands for a token in the file."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_token() -> str:
    """A token that nobody has had before: 256 random bits."""
    return _BEGINNING + secrets.token_urlsafe(32)


def add_grant(path: Path, grant: Grant) -> None:
    """Write one more into the file, which is made where there is none. Raises UsageError."""
    check_grant(grant)
    _rewrite(path, lambda grants: (*grants, grant))


def revoke(path: Path, handle: str) -> Grant:
    """Take the token whose digest begins with `handle` out of the file; what it was.

    Raises UsageError when there is none, or more than one.
    """
    found: list[Grant] = []

    def without(grants: Sequence[Grant]) -> tuple[Grant, ...]:
        found.extend(grant for grant in grants if handle and grant.sha256.startswith(handle))
        if len(found) != 1:
            raise UsageError(f"{handle!r} names {len(found)} tokens of {path}: `paidan token list` shows them")
        return tuple(grant for grant in grants if grant not in found)

    _rewrite(path, without)
    return found[0]


def _rewrite(path: Path, change: Callable[[tuple[Grant, ...]], tuple[Grant, ...]]) -> None:
    """Replace the file in one step, so that whoever reads it meets the old one or the new one. It stays whose it was,
    as far as we may give it to them: where root adds a token, the gateway's user must still be able to read it."""
    try:
        with FileLock(f"{path}.lock", mode=0o600):
            before = path.stat() if path.exists() else None
            grants = change(read_grants(path) if before is not None else ())
            new = path.with_name(f"{path.name}.new")
            new.touch(0o600)
            new.write_bytes(msgspec.json.format(msgspec.json.encode(_Content(grants)), indent=1) + b"\n")
            if before is not None:
                with contextlib.suppress(PermissionError):
                    os.chown(new, before.st_uid, before.st_gid)
                new.chmod(stat.S_IMODE(before.st_mode))
            new.replace(path)
    except OSError as error:
        raise UsageError(f"the file of tokens {path} cannot be written: {error.strerror}") from error


def _state(path: Path) -> Seen:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


class Tokens:
    """The tokens of a file, as it is now. A file that breaks while it is in use changes nothing until it is mended."""

    def __init__(self, path: Path) -> None:
        """Raises UsageError when the file cannot be read."""
        self._path = path
        self._seen = _state(path)
        self._grants = {grant.sha256: grant for grant in read_grants(path)}

    def find(self, token: str, now: int) -> Holder | None:
        """Whose token it is; None for one that is not known or has ended at `now` (ms UTC)."""
        self._refresh()
        grant = self._grants.get(digest(token))
        return grant.holder if grant is not None and now < grant.expires_ms else None

    def next_end(self, now: int) -> int | None:
        """When the first of those ends that hold at `now` (ms UTC both); None where none does."""
        self._refresh()
        return min((end for grant in self._grants.values() if (end := grant.expires_ms) > now), default=None)

    def _refresh(self) -> None:
        seen = _state(self._path)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._grants = {grant.sha256: grant for grant in read_grants(self._path)}
        except UsageError as error:
            log.error("%s; the tokens stay as they were", error)
