"""The tables of docs/access.md."""

from models.access import ACCESS, RIGHTS
from streams.access.rights import NEEDED, callers
from streams.documents.markdown import table


def roles() -> str:
    """The roles that a token can have."""
    rows = (
        (
            f"`{role}`",
            " ".join(access.names),
            "; ".join(RIGHTS[right] for right in RIGHTS if right in access.rights),
            f"`{access.acts_as}`" if access.acts_as else "–",
            ", ".join(access.needs) or "–",
            access.note or "–",
        )
        for role, access in ACCESS.items()
    )
    return table(("role", "name", "may", "acts as", "its tokens need", "note"), rows)


def routes() -> str:
    """The addresses of the gateway with who may call each."""
    return table(("request", "who"), ((f"`{route}`", _who(route)) for route in NEEDED))


def _who(route: str) -> str:
    if not NEEDED[route]:
        return "everybody, without a token"
    able = callers(route)
    return "everybody with a token" if len(able) == len(ACCESS) else ", ".join(f"`{role}`" for role in able)
