"""A role tells whether it lives and what it measures."""

import httpx
import pytest

from streams import metrics
from streams.health import HealthError, serving_health
from streams.local.broker_properties import HOST
from streams.local.ports import free_port
from streams.settings import load_settings


@pytest.mark.slow
async def test_a_role_serves_its_metrics_and_its_liveness() -> None:
    """Both paths answer on the metrics port; nothing else is there."""
    settings = load_settings(metrics_port=free_port())
    metrics.DEAD_LETTERS.labels("test").inc()
    async with serving_health(settings), httpx.AsyncClient(base_url=f"http://{HOST}:{settings.metrics_port}") as web:
        answers = {path: await web.get(path) for path in ("/metrics", "/livez", "/")}
    assert [answers[path].status_code for path in ("/metrics", "/livez", "/")] == [200, 200, 404]
    assert 'paidan_dead_letters_total{error="test"} 1.0' in answers["/metrics"].text


@pytest.mark.slow
async def test_a_taken_metrics_port_is_named() -> None:
    """Two roles with the same metrics port: the second says which."""
    settings = load_settings(metrics_port=free_port())
    async with serving_health(settings):
        with pytest.raises(HealthError, match=str(settings.metrics_port)):
            async with serving_health(settings):
                raise AssertionError("it must not start")


@pytest.mark.slow
async def test_metrics_are_for_who_sends_the_token() -> None:
    """Where one is set; whether the role lives, anybody may ask."""
    settings = load_settings(metrics_port=free_port(), metrics_token="only mine and yours")
    right, wrong = ([(b"authorization", f"Bearer {token}".encode())] for token in ("only mine and yours", "özil"))
    async with serving_health(settings), httpx.AsyncClient(base_url=f"http://{HOST}:{settings.metrics_port}") as web:
        answers = [await web.get("/metrics"), await web.get("/metrics", headers=right)]
        answers += [
            await web.get("/metrics", headers=wrong),
            await web.get("/livez"),
        ]
    assert [each.status_code for each in answers] == [401, 200, 401, 200]
    assert "paidan_" not in answers[0].text


@pytest.mark.slow
@pytest.mark.parametrize(("more", "status"), [({}, 403), ({"metrics_open": True}, 200)])
async def test_beyond_loopback_metrics_need_a_token_or_a_word_that_they_do_not(
    more: dict[str, bool], status: int
) -> None:
    """Whether the role lives, anybody may ask all the same."""
    settings = load_settings(metrics_port=free_port(), metrics_host="0.0.0.0", **more)
    async with serving_health(settings), httpx.AsyncClient(base_url=f"http://{HOST}:{settings.metrics_port}") as web:
        answers = [await web.get("/metrics"), await web.get("/livez")]
    assert [each.status_code for each in answers] == [status, 200]


@pytest.mark.slow
async def test_head_is_answered_as_get_is_without_the_body() -> None:
    """On both paths, and on one that there is not."""
    settings = load_settings(metrics_port=free_port())
    async with serving_health(settings), httpx.AsyncClient(base_url=f"http://{HOST}:{settings.metrics_port}") as web:
        for path in ("/metrics", "/livez", "/"):
            got, head = await web.get(path), await web.head(path)
            assert (head.status_code, head.headers["content-type"]) == (got.status_code, got.headers["content-type"])
            assert head.content == b""
