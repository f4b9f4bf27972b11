"""docs/http.md is complete: a route that nobody wrote down fails here."""

import re

from tests.conftest import REPOSITORY
from tests.web.conftest import Open


async def test_every_route_is_documented(gateway: Open) -> None:
    """Each path of the API stands in docs/http.md."""
    page = (REPOSITORY / "docs" / "http.md").read_text()
    async with gateway() as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
    missing = [path for path in paths if not re.search(re.escape(path) + r"[`?, ]", page)]
    assert missing == []
