"""The table of rights on the cluster in docs/operations.md."""

from streams.documents.markdown import table
from streams.kafka.rights.cluster_rights import cluster_rights
from streams.kafka.topics import Names


def who_may_what() -> str:
    """Each party with what it may do, of a city with one department, one that is a hub, and one mobile unit; a sensor,
    an app, a fleet system and a platform above stand for all."""
    cells: dict[str, dict[str, list[str]]] = {}
    for party, operation, kind, name in cluster_rights(
        Names(), ("roads", "east-district"), ("NAME",), ("NAME",), ("car-1",), ("NAME",), ("east-district",), ("NAME",)
    ):
        what = f"`{name}`" if kind == "topic" else f"{kind} `{name}`"
        cells.setdefault(party, {}).setdefault(operation, []).append(what)
    rows = [
        (f"`{party}`", *(", ".join(may.get(operation, ())) for operation in ("Read", "Write", "Create", "Describe")))
        for party, may in cells.items()
    ]
    return table(("party", "Read", "Write", "Create", "Describe"), rows)
