"""Signed tokens: whom they let in, which are none, and keys that change."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from models.access import Holder
from models.errors import UsageError
from streams.access import key_sets
from streams.access.holders import Holders
from streams.access.key_sets import KeySet
from streams.http_server import HttpServer
from streams.settings import load_settings

ISSUER, AUDIENCE = "https://login.example", "paidan"
ROLES = ("clerks=department:roads", "checkers=inspector@gulou", "chiefs=duty-officer")
OLD, NEW = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
LONG = rsa.generate_private_key(public_exponent=65537, key_size=2048)
Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def public(**keys: Private) -> bytes:
    """The set of public keys by their ids."""
    named = []
    for key_id, key in keys.items():
        if isinstance(key, rsa.RSAPrivateKey):
            made = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())
        else:
            made = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())
        named.append(json.loads(made) | {"kid": key_id, "use": "sig"})
    return json.dumps({"keys": named}).encode()


def signed(key: Private = OLD, key_id: str | None = "old", algorithm: str = "ES256", **claims: Any) -> str:
    """A token of somebody with a word, good for a minute; a claim of None is left out."""
    now = int(time.time())
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "li-wei", "exp": now + 60, "roles": ["clerks"]} | claims
    head = {} if key_id is None else {"kid": key_id}
    return jwt.encode({k: v for k, v in said.items() if v is not None}, key, algorithm, headers=head)


def holders(keys: str, **changes: Any) -> Holders:
    """Whoever a provider with these keys lets in."""
    given = {"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE, "oidc_keys": keys, "oidc_roles": ROLES}
    return Holders(load_settings(**given | changes))


@pytest.mark.parametrize("alone", [{"oidc_audience": AUDIENCE}, {"oidc_keys": "/keys"}, {"oidc_roles": ROLES}])
def test_without_its_issuer_nothing_of_a_provider_is_taken(alone: dict[str, Any]) -> None:
    """A gateway whose issuer was forgotten would ask nobody for a token."""
    with pytest.raises(UsageError, match="PAIDAN_OIDC_ISSUER must be set together with PAIDAN_OIDC_"):
        Holders(load_settings(**alone))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A file with the old key."""
    file = tmp_path / "keys.json"
    file.write_bytes(public(old=OLD))
    return file


async def test_the_claims_say_who_it_is(keys: Path) -> None:
    """The subject is the person, the first word that the settings list gives the role, with department and area."""
    known = holders(str(keys))
    own = "oidc-" + hashlib.sha256(f"{ISSUER}\0li-wei".encode()).hexdigest()[:16]

    assert await known.of(signed()) == Holder("department", "li-wei", own, "roads")
    assert await known.of(signed(roles=["other", "checkers"])) == Holder("inspector", "li-wei", own, "", "gulou")
    assert await known.of(signed(roles="chiefs clerks")) == Holder("department", "li-wei", own, "roads")
    assert not known.open


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": int(time.time()) + 3_600},
        {"sub": None},
        {"sub": ""},
        {"sub": "a\nb"},
        {"sub": "x" * 257},
        {"sub": "known-as:" + "0" * 32},
        {"roles": None},
        {"roles": []},
        {"roles": ["admin"]},
        {"roles": {"clerks": True}},
    ],
)
async def test_claims_that_do_not_fit_let_nobody_in(keys: Path, claims: Mapping[str, Any]) -> None:
    """Of another issuer, for somebody else, over, not yet, of nobody, under a name that the gateway keeps for itself,
    without a word that the settings list."""
    assert await holders(str(keys)).of(signed(**claims)) is None


async def test_only_what_is_signed_as_the_settings_say_is_a_token(keys: Path) -> None:
    """Not by nobody, by a stranger, with the public key as a secret, by another algorithm, or changed afterwards."""
    known, good = holders(str(keys)), signed()
    head, data, signature = good.split(".")
    pem = OLD.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    tries = []
    for algorithm in ("none", "None", "HS256"):
        changed = _part({"alg": algorithm, "kid": "old", "typ": "JWT"})
        mac = hmac.new(pem, f"{changed}.{data}".encode(), hashlib.sha256).digest()
        tries += [f"{changed}.{data}.", f"{changed}.{data}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"]
    other = _part(jwt.decode(good, options={"verify_signature": False}) | {"sub": "boss"})
    tries += [f"{head}.{other}.{signature}", f"{head}.{data}.", signed(NEW), signed(LONG, "old", "RS256")]
    tries += ["", ".", "..", "a.b.c", f"{head}.{data}", "é.é.é", good + "x"]

    assert [each for each in tries if await known.of(each) is not None] == []
    assert await known.of(good) is not None


async def test_an_algorithm_that_is_not_listed_is_refused(keys: Path) -> None:
    """Although its key is known."""
    keys.write_bytes(public(old=OLD, long=LONG))

    assert await holders(str(keys)).of(signed(LONG, "long", "RS256")) is not None
    assert await holders(str(keys), oidc_algorithms="ES256").of(signed(LONG, "long", "RS256")) is None


async def test_a_secret_among_the_keys_is_no_key(keys: Path) -> None:
    """Whoever has it could make tokens."""
    secret = {"kty": "oct", "kid": "old", "k": base64.urlsafe_b64encode(b"x" * 32).decode().rstrip("=")}
    keys.write_bytes(json.dumps({"keys": [secret]}).encode())
    token = jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "sub": "a", "exp": 2**33}, "x" * 32, "HS256", {"kid": "old"})

    assert await holders(str(keys)).of(token) is None
    with pytest.raises(UsageError, match="PAIDAN_OIDC_ALGORITHMS"):
        holders(str(keys), oidc_algorithms="HS256")


async def test_a_token_without_the_key_s_id_is_of_the_only_key(keys: Path) -> None:
    """Of several it could be any."""
    assert await holders(str(keys)).of(signed(key_id=None)) is not None
    keys.write_bytes(public(old=OLD, new=NEW))
    assert await holders(str(keys)).of(signed(key_id=None)) is None


async def test_a_key_that_is_new_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the provider's address, but not for every token of a key that there is not; what it withdrew is gone."""
    asked, answer = 0, public(old=OLD)

    async def served(request: Request) -> Response:
        nonlocal asked
        asked += 1
        return Response(answer, 200 if answer else 500)

    async with HttpServer(Starlette(routes=[Route("/keys", served)]), "127.0.0.1", 0) as server:
        known = holders(f"http://{server.address}/keys")
        assert await known.of(signed()) is not None
        assert await known.of(signed()) is not None
        assert asked == 1

        answer = public(new=NEW)
        assert await known.of(signed(NEW, "new")) is None  # it was asked a moment ago
        assert asked == 1

        monkeypatch.setattr(key_sets, "AGAIN_SECONDS", 0.0)
        assert await known.of(signed(NEW, "new")) is not None
        assert await known.of(signed()) is None

        answer = b""
        assert await known.of(signed()) is None
        assert await known.of(signed(NEW, "new")) is not None  # the provider is away: what is known stays


async def test_keys_are_asked_for_again_after_a_while(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that was withdrawn does not open for ever."""
    monkeypatch.setattr(key_sets, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(key_sets, "KEPT_SECONDS", -1.0)
    found = KeySet(str(keys))
    assert await found.find("old") is not None

    keys.write_bytes(public(new=NEW))
    await found.find("old")
    assert found._again is not None
    await found._again

    assert await found.find("old") is None


async def test_a_provider_that_never_answered_lets_nobody_in(tmp_path: Path) -> None:
    """A file that is missing or holds something else, an address where nobody is."""
    wrong = tmp_path / "wrong"
    for content in (b"", b"[]", b"{}", b'{"keys": [{"kty": "EC"}]}', b"\xff"):
        wrong.write_bytes(content)
        assert await holders(str(wrong)).of(signed()) is None
    for place in (str(tmp_path / "missing"), str(tmp_path), "http://127.0.0.1:1/keys"):
        assert await holders(place).of(signed()) is None


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"oidc_audience": ""}, "PAIDAN_OIDC_AUDIENCE"),
        ({"oidc_keys": ""}, "PAIDAN_OIDC_KEYS"),
        ({"oidc_keys": "http://login.example/keys"}, "PAIDAN_OIDC_KEYS"),
        ({"oidc_keys": "https://[login.example/keys"}, "PAIDAN_OIDC_KEYS"),
        ({"oidc_keys": "https://login..example/keys?app=1"}, "PAIDAN_OIDC_KEYS"),
        ({"oidc_keys": "ftp://login.example/keys"}, "PAIDAN_OIDC_KEYS"),
        ({"oidc_roles": ()}, "PAIDAN_OIDC_ROLES"),
        ({"oidc_roles": "king"}, "PAIDAN_OIDC_ROLES"),
        ({"oidc_roles": "a=king"}, "PAIDAN_OIDC_ROLES"),
        ({"oidc_roles": "a=department"}, "PAIDAN_OIDC_ROLES"),
        ({"oidc_roles": "a=operator:roads"}, "PAIDAN_OIDC_ROLES"),
        ({"oidc_algorithms": "none"}, "PAIDAN_OIDC_ALGORITHMS"),
        ({"oidc_algorithms": ()}, "PAIDAN_OIDC_ALGORITHMS"),
    ],
)
def test_settings_that_would_let_in_whoever_comes_are_refused(keys: Path, wrong: dict[str, Any], named: str) -> None:
    """At the start, naming the setting."""
    with pytest.raises(UsageError, match=named):
        holders(str(keys), **wrong)


async def test_a_claim_within_claims_is_found(keys: Path) -> None:
    """As some providers have it."""
    known = holders(str(keys), oidc_role_claim="realm_access.roles")

    assert await known.of(signed(realm_access={"roles": ["chiefs"]})) is not None
    assert await known.of(signed(realm_access="chiefs")) is None


def _part(said: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
