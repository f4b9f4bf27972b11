"""The file of tokens: what it keeps, what it lets in, and the command that writes it."""

import json
import os
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.access import ACCESS, Holder, prefixed, sees
from models.errors import UsageError
from models.events.vocabulary import ROLES
from models.redact import KNOWN_AS
from models.times import from_text
from streams.access.tokens import Tokens, add_grant, read_grants, revoke
from streams.cli.running.token import token as command
from tests.support.tokens import grant, tokens_file

NOW = from_text("2026-03-01T00:00:00Z")
ROADS = Holder("department", "li", "roads-1", "roads")


def test_whoever_acts_acts_as_a_role_of_the_lifecycle() -> None:
    """And only whoever may ask for steps does."""
    acting = {access.acts_as for access in ACCESS.values() if "act" in access.rights}
    assert acting <= set(ROLES)
    assert [role for role, access in ACCESS.items() if bool(access.acts_as) != ("act" in access.rights)] == []


def test_a_token_opens_until_it_ends(tmp_path: Path) -> None:
    """At the instant of its end it is over."""
    tokens = Tokens(Path(tokens_file(tmp_path / "t", grant("good", "ops", expires="2026-03-01T00:00:00.001Z"))))

    assert tokens.find("good", NOW) == Holder("ops", "good", "good")
    assert tokens.find("good", NOW + 1) is None
    assert tokens.find("bad", NOW) is None
    assert tokens.find("", NOW) is None


def test_when_the_next_token_ends_is_known_before_it_does(tmp_path: Path) -> None:
    """Those of a city's first day end a year later, all on one day, and whatever sends with them is refused."""
    path = tmp_path / "t"
    ends = {"over": "2026-02-28", "camera": "2026-03-08", "app": "2027-03-01"}
    granted = [grant(name, "ops", expires=f"{day}T00:00:00Z") for name, day in ends.items()]
    tokens = Tokens(Path(tokens_file(path, *granted)))

    assert tokens.next_end(NOW) == from_text("2026-03-08T00:00:00Z")
    revoke(path, granted[1].handle)
    assert tokens.next_end(NOW) == from_text("2027-03-01T00:00:00Z")
    assert tokens.next_end(from_text("2027-03-01T00:00:00Z")) is None


def test_a_change_of_the_file_counts_at_once(tmp_path: Path) -> None:
    """What is added opens, what is revoked does not, without a restart."""
    path = tmp_path / "t"
    tokens = Tokens(Path(tokens_file(path, grant("old", "ops"))))

    add_grant(path, grant("new", "public"))
    assert tokens.find("new", NOW) == Holder("public", "new", "new")

    revoke(path, grant("old", "ops").handle)
    assert tokens.find("old", NOW) is None


def test_a_file_that_is_not_there_is_said_to_be_made_by_the_command(tmp_path: Path) -> None:
    """Whoever starts a gateway before the first token was told of no such file, and not what makes one."""
    with pytest.raises(UsageError, match=r"there is no file of tokens .+/t: `paidan token add` makes it"):
        Tokens(tmp_path / "t")


@pytest.mark.parametrize("broken", [b"", b"[]", b'{"tokens": [{"role": "ops"}]}', b"\xff", None])
def test_a_file_that_breaks_in_use_changes_nothing(tmp_path: Path, broken: bytes | None) -> None:
    """Half written, of another form, gone: those who were let in still are; at a start it is an error."""
    path = tmp_path / "t"
    tokens = Tokens(Path(tokens_file(path, grant("good", "ops"))))

    path.unlink() if broken is None else path.write_bytes(broken)

    assert tokens.find("good", NOW) is not None
    with pytest.raises(UsageError, match="there is no file of tokens" if broken is None else "cannot be read"):
        Tokens(path)


@pytest.mark.parametrize(
    ("role", "wrong"),
    [
        ("king", {}),
        ("ops", {"person": ""}),
        ("ops", {"person": "a\nb"}),
        ("reporter", {"person": f"{KNOWN_AS}{'0' * 32}"}),
        ("ops", {"source": "a/b"}),
        ("ops", {"source": ""}),
        ("ops", {"source": "oidc-1"}),
        ("ops", {"department": "roads"}),
        ("ops", {"expires": "tomorrow"}),
        ("department", {"department": ""}),
    ],
)
def test_a_token_of_nobody_is_not_written(tmp_path: Path, role: str, wrong: dict[str, str]) -> None:
    """A role that there is not, without a person, a department where none may or must be, a source within another's."""
    good = grant("x", role if role in ACCESS else "ops")
    bad = type(good)(**{name: getattr(good, name) for name in good.__struct_fields__} | {"role": role} | wrong)

    with pytest.raises(UsageError):
        add_grant(tmp_path / "t", bad)
    assert not (tmp_path / "t").exists()


def test_the_file_holds_no_token_and_is_its_owners(tmp_path: Path) -> None:
    """Whoever reads a backup of it learns nobody's token."""
    path = Path(tokens_file(tmp_path / "t", grant("very-secret", "ops", person="p", source="s")))

    assert b"very-secret" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_file_stays_whose_it_was(tmp_path: Path) -> None:
    """Where root adds a token, the gateway's user can still read it."""
    path = tmp_path / "tokens.json"
    add_grant(path, grant("first", "ops"))
    os.chown(path, 10_001, 10_002)
    path.chmod(0o640)

    add_grant(path, grant("next", "ops"))

    found = path.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (10_001, 10_002, 0o640)
    assert [each.source for each in read_grants(path)] == ["first", "next"]


def test_the_command_adds_lists_and_revokes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is shown once; the list knows it by its digest."""
    path = tmp_path / "tokens.json"
    monkeypatch.setenv("PAIDAN_GATEWAY_TOKENS_FILE", str(path))
    run = CliRunner()

    made = run.invoke(command, ["add", "department", "li-wei", "--department", "roads", "--days", "30"])
    [kept] = read_grants(path)
    known = Tokens(path).find(made.output.strip(), NOW)
    listed = run.invoke(command, ["list"])
    gone = run.invoke(command, ["revoke", kept.handle])

    assert known == kept.holder
    assert kept.handle in listed.output
    assert made.output.strip() not in listed.output
    assert (kept.role, kept.person, kept.department, kept.source) == (
        "department", "li-wei", "roads", f"token-{kept.handle}",
    )  # fmt: skip
    assert "li-wei" in gone.output
    assert json.loads(path.read_bytes()) == {"tokens": []}


@pytest.mark.parametrize(
    "wrong",
    [
        ["add", "king", "x"],
        ["add", "sensor", "x"],
        ["add", "department", "x"],
        ["add", "department", "x", "--department", "nowhere"],
        ["add", "inspector", "x", "--area", "nowhere"],
        ["revoke", "ab"],
    ],
)
def test_the_command_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: list[str]) -> None:
    """Nothing is written for a role, department or area that there is not."""
    path = tmp_path / "tokens.json"
    monkeypatch.setenv("PAIDAN_GATEWAY_TOKENS_FILE", str(path))

    failed = CliRunner().invoke(command, wrong)

    assert isinstance(failed.exception, UsageError)
    assert not path.exists()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("", "roads-1"),
        ("roads-1", "roads-1"),
        ("roads-1/a", "roads-1/a"),
        ("roads-2", "roads-1/roads-2"),
        ("roads-10/a", "roads-1/roads-10/a"),
        ("/x", "roads-1//x"),
    ],
)
def test_a_source_begins_with_the_token_s_own(given: str, sent: str) -> None:
    """Whatever a client calls it, it does not get into another's sources."""
    assert prefixed(ROADS, given) == sent
    assert prefixed(None, given) == given


def test_a_department_sees_its_own_orders_and_a_district_its_area() -> None:
    """One that it has given back as well; an order of nobody it does not."""
    assert sees(ROADS, ("water", "roads"), ("gulou", "city"))
    assert not sees(ROADS, ("water",), ("gulou", "city"))
    assert not sees(ROADS, (), ())

    inspector = Holder("inspector", "i", "i", area="east")
    assert sees(inspector, (), ("gulou", "east", "city"))
    assert not sees(inspector, (), ("city",))
    assert not sees(inspector, (), ())
    assert sees(None, (), ())
