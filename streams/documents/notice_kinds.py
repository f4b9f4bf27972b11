"""The table of the kinds of notices in docs/notices.md."""

from dispatcher.order import facts
from dispatcher.partition.telling.notices import AUDIENCES
from streams.documents.markdown import sentence, table


def kinds_table() -> str:
    """Every kind of notice, who gets it, and what it means."""
    told = {kind: ", ".join(audience) for kind, audience in AUDIENCES.items()}
    told[facts.EvidenceAdded] = "the reporter whose report has joined"
    rows = ((f"`{facts.NAMES[kind]}`", audience, sentence(kind.__doc__)) for kind, audience in told.items())
    return table(("kind", "to", "what has happened"), rows)
