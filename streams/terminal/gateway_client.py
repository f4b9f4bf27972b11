"""What commands ask the gateway."""

from typing import Any

import httpx

from models.errors import PaidanError
from streams.settings import Settings

_SECONDS = 10


class StatusError(PaidanError):
    """The gateway does not answer, or not with a status."""


def ask_status(settings: Settings, url: str, asked: dict[str, str]) -> dict[str, Any]:
    """The gateway's answer to `GET /status` with these parameters; `url` is the gateway's, empty for the one of the
    settings. Raises StatusError with what the gateway says."""
    base = (url or settings.gateway_url).rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise StatusError("the gateway's address must begin with http:// or https://")
    token = settings.gateway_token.get_secret_value()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = httpx.get(f"{base}/status", params=asked, headers=headers, timeout=_SECONDS, follow_redirects=True)
        if not answer.is_success:
            raise StatusError(f"the gateway at {base} answers {answer.status_code}: {_detail(answer)}")
        status: dict[str, Any] = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise StatusError(
            f"no gateway answers at {base} ({error}): start it with `paidan up`, or name it with --url"
        ) from error
    return status


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError):
        return answer.reason_phrase
