"""Two classifiers side by side, for people."""

from collections.abc import Sequence

from models.classifier.judging.compare import Verdict
from streams.terminal.console import Console, whole_table


def show_verdict(verdict: Verdict, reasons: Sequence[str]) -> None:
    """Both models side by side, and whether the second is refused for `reasons`."""
    console = Console()
    gain = verdict.gain
    if verdict.orders:
        console.print(
            f"{verdict.orders} orders: {verdict.active:.4f} -> {verdict.candidate:.4f}, gain {gain.mean:+.4f} "
            f"({gain.low:+.4f} to {gain.high:+.4f}); only one right: {verdict.only_active} / {verdict.only_candidate}, "
            f"exact McNemar p = {verdict.p:.4g}",
            highlight=False,
            soft_wrap=True,
        )
    if verdict.classes:
        table = whole_table("category", "orders", "active", "candidate", "p of worse (Holm)", unbroken=("category",))
        for row in verdict.classes:
            table.add_row(row.name, str(row.orders), f"{row.active:.3f}", f"{row.candidate:.3f}", f"{row.p:.4f}")
        console.print(table)
    console.print("refused: " + "; ".join(reasons) if reasons else "may be promoted", soft_wrap=True)
