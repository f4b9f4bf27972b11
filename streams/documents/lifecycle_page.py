"""The part of docs/lifecycle.md that is made from the declared table. A test keeps it current."""

from dispatcher.order.lifecycle import AUTOMATIC, REFUSALS, STATE_TERMS, TABLE, Rule
from dispatcher.order.row import ENDED, OPEN

BEGIN = "<!-- made from dispatcher/order/lifecycle.py: begin -->"
END = "<!-- made from dispatcher/order/lifecycle.py: end -->"


def page() -> str:
    """Markdown: the diagram, the actions, the refusals."""
    return "\n\n".join((_diagram(), _actions(), _refusals()))


def replaced(text: str) -> str:
    """A document with what stands between the markers made anew. Raises ValueError where it has no markers."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document lacks {BEGIN} or {END}")
    return f"{head}{BEGIN}\n\n{page()}\n\n{END}{tail}"


def _diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> review: opened"]
    lines.extend(f"    {state}: {state} {term}" for state, (term, _) in STATE_TERMS.items())
    drawn: dict[tuple[str, str], list[str]] = {}
    for rule in TABLE:
        if set(rule.sources) >= OPEN and rule.targets != rule.sources:
            continue
        for source in rule.sources:
            for target in rule.targets:
                if target != source and (len(rule.sources) == 1 or target not in rule.sources):
                    drawn.setdefault((source, target), []).append(rule.action)
    for before, after, cause in AUTOMATIC:
        drawn.setdefault((before, after or "[*]"), []).append(cause)
    lines.extend(f"    {source} --> {target}: {', '.join(causes)}" for (source, target), causes in drawn.items())
    lines.append("    note right of merged: merge, reject and force-close are open to operators in every open state")
    lines.append("```")
    return "\n".join(lines)


def _actions() -> str:
    head = "| action | by | from | to | guards | note |\n|---|---|---|---|---|---|"
    return "\n".join((head, *(_row(rule) for rule in TABLE)))


def _row(rule: Rule) -> str:
    unchanged = rule.targets == rule.sources
    target = "unchanged" if unchanged else _states(rule.targets)
    cells = (
        f"{rule.action} {rule.term}",
        ", ".join(rule.roles),
        _states(rule.sources),
        target,
        ", ".join(rule.guards) or "–",
        rule.note or "–",
    )
    return f"| {' | '.join(cells)} |"


def _states(states: tuple[str, ...]) -> str:
    if set(states) >= OPEN:
        return ", ".join(("any open state", *(state for state in states if state in ENDED)))
    return ", ".join(states)


def _refusals() -> str:
    head = "| refusal | meaning |\n|---|---|"
    return "\n".join((head, *(f"| {name} | {sentence} |" for name, sentence in REFUSALS.items())))
