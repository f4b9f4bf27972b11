"""The signature of what is sent to webhooks, so that a receiver knows who it is from: Standard Webhooks, symmetric.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac


def target_key(secret: bytes, target: str) -> bytes:
    """The key of one target, 32 bytes, made from the common secret: no receiver can sign for another."""
    return hmac.new(secret, f"webhook/{target}".encode(), hashlib.sha256).digest()


def shown_key(key: bytes) -> str:
    """A key as receivers are given it: `whsec_` and base64."""
    return f"whsec_{base64.b64encode(key).decode()}"


def signature_headers(key: bytes, event_id: str, at: int, body: bytes) -> dict[str, str]:
    """The three headers of a signed POST: HMAC-SHA256 over `<event_id>.<at>.<body>`; `at` is in seconds UTC."""
    digest = hmac.new(key, f"{event_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
