"""The signature of what is sent to webhooks, so that a receiver knows who it is from."""

import hashlib
import hmac

HEADER = "Paidan-Signature"


def target_key(secret: bytes, target: str) -> bytes:
    """The key of one target, 64 hex digits, made from the common secret: no receiver can sign for another."""
    return hmac.new(secret, f"webhook/{target}".encode(), hashlib.sha256).hexdigest().encode()


def signature(key: bytes, body: bytes, at: int) -> str:
    """The header's value, `t=<at>,v1=<hex>`: HMAC-SHA256 over `<at>.<body>`; `at` is in seconds UTC."""
    digest = hmac.new(key, b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
