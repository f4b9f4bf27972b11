"""The part of docs/lifecycle.md that is made from the declared table."""

from dispatcher.order.lifecycle import AUTOMATIC, REFUSALS, STATE_TERMS, TABLE, Rule
from dispatcher.order.row import ENDED, OPEN
from streams.documents.markdown import table


def page() -> str:
    """Markdown: the diagram, the actions, the refusals."""
    return "\n\n".join((_diagram(), _actions(), _refusals()))


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
    return table(("action", "by", "from", "to", "guards", "note"), map(_row, TABLE))


def _row(rule: Rule) -> tuple[str, ...]:
    unchanged = rule.targets == rule.sources
    target = "unchanged" if unchanged else _states(rule.targets)
    return (
        f"{rule.action} {rule.term}",
        ", ".join(rule.roles),
        _states(rule.sources),
        target,
        ", ".join(rule.guards) or "–",
        rule.note or "–",
    )


def _states(states: tuple[str, ...]) -> str:
    if set(states) >= OPEN:
        return ", ".join(("any open state", *(state for state in states if state in ENDED)))
    return ", ".join(states)


def _refusals() -> str:
    return table(("refusal", "meaning"), REFUSALS.items())
