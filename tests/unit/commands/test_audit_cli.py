"""`paidan audit`: what it repairs where partitions differ, and what it advises."""

from collections.abc import Sequence
from typing import Any

import pytest
from typer.testing import CliRunner

from dispatcher.auditing import Difference
from streams.audit import recompute, repair, table_check
from streams.audit.recompute import Audited, AuditError
from streams.cli.main import app
from streams.cli.proof import audit

LOST = "paidan.desk/0 is gone, or its newest part"


def audited(number: int, lost: str = "", cut: tuple[str, ...] = ()) -> Audited:
    """A partition of which one row differs."""
    differences = [Difference("order x", "nothing", "closed")]
    return Audited(number, 1, 0, 1, {}, 1, {}, {}, differences=differences, lost=lost, cut=cut)


def run(monkeypatch: pytest.MonkeyPatch, parts: Sequence[Audited], *options: str) -> tuple[str, list[int]]:
    """What it says of these partitions, and which of them were repaired."""
    repaired: list[int] = []

    async def no_more(*_: Any) -> None:
        pass

    async def found(*_: Any) -> list[Audited]:
        return list(parts)

    async def repair_desk(_settings: Any, _city: Any, number: int) -> int:
        for part in parts:
            if part.partition == number and part.lost:
                raise AuditError(part.lost)
        repaired.append(number)
        return 1

    monkeypatch.setattr(audit, "check_shared", no_more)
    monkeypatch.setattr(recompute, "audit", found)
    monkeypatch.setattr(repair, "repair_desk", repair_desk)
    monkeypatch.setattr(table_check, "repair_tables", no_more)
    result = CliRunner().invoke(app, ["audit", "--no-tables", *options])
    assert result.exit_code == 1
    return result.output, repaired


def test_a_partition_that_cannot_be_repaired_keeps_no_other_one_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are repaired one by one, and what is wrong with the first is said."""
    said, repaired = run(monkeypatch, [audited(0, LOST), audited(1), audited(2)], "--repair")

    assert repaired == [1, 2]
    assert f"the rows of the desk are not repaired: {LOST}" in said
    assert "2 rows of the desk repaired" in said


@pytest.mark.parametrize(
    ("parts", "advised"),
    [
        ([audited(0, LOST), audited(1, cut=("paidan.inbox/1",))], False),
        ([audited(0, LOST), audited(1)], True),
    ],
)
def test_a_repair_is_advised_where_there_is_something_to_repair(
    monkeypatch: pytest.MonkeyPatch, parts: list[Audited], advised: bool
) -> None:
    """Of a state that is lost, or an inbox that no longer begins at its first record, it refuses to."""
    said, _ = run(monkeypatch, parts)

    assert LOST in said
    assert ("paidan audit --repair" in said) == advised
