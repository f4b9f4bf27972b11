"""The part of docs/lifecycle.md that is made from the declared table."""

from dispatcher.order.lifecycle import AUTOMATIC, REFUSALS, STATE_TERMS, TABLE, Transition
from dispatcher.order.row import ENDED, OPEN
from streams.documents.markdown import table


def page() -> str:
    """Markdown: the diagram, the actions, the refusals."""
    return "\n\n".join((_diagram(), _actions(), _refusals()))


def _diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> review: opened"]
    lines.extend(f"    {state}: {state} {term}" for state, (term, _) in STATE_TERMS.items())
    drawn: dict[tuple[str, str], list[str]] = {}
    for transition in TABLE:
        if set(transition.sources) >= OPEN and transition.targets != transition.sources:
            continue
        for source in transition.sources:
            for target in transition.targets:
                if target != source and (len(transition.sources) == 1 or target not in transition.sources):
                    drawn.setdefault((source, target), []).append(transition.action)
    for before, after, cause in AUTOMATIC:
        drawn.setdefault((before, after or "[*]"), []).append(cause)
    lines.extend(f"    {source} --> {target}: {', '.join(causes)}" for (source, target), causes in drawn.items())
    lines.append("    note right of merged: merge, reject and force-close are open to operators in every open state")
    lines.append("```")
    return "\n".join(lines)


def _actions() -> str:
    return table(("action", "by", "from", "to", "guards", "never the same person as", "note"), map(_row, TABLE))


def _row(transition: Transition) -> tuple[str, ...]:
    unchanged = transition.targets == transition.sources
    target = "unchanged" if unchanged else _states(transition.targets)
    return (
        f"{transition.action} {transition.term}",
        ", ".join(transition.roles),
        _states(transition.sources),
        target,
        ", ".join(transition.guards) or "–",
        ", ".join(transition.never) or "–",
        transition.note or "–",
    )


def _states(states: tuple[str, ...]) -> str:
    if set(states) >= OPEN:
        return ", ".join(("any open state", *(state for state in states if state in ENDED)))
    return ", ".join(states)


def _refusals() -> str:
    return table(("refusal", "meaning"), REFUSALS.items())
