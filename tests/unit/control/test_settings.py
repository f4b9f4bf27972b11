"""Settings are read once, are complete in the documents, and say what is wrong."""

import asyncio
import base64
import json
import math
import socket
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from models.errors import UsageError
from streams.audit.table_check import silent
from streams.kafka.topics import Names, all_topics
from streams.settings import RUNNING_FILE, Running, Settings, load_settings
from tests.conftest import REPOSITORY


def test_every_setting_says_what_it_means() -> None:
    """No field is without a description."""
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_settings_are_frozen() -> None:
    """Nobody changes a setting on the way."""
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().partitions = 3  # type: ignore[misc]


def test_a_child_process_gets_the_very_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment made from settings reads back as those settings, secrets and lists included."""
    settings = load_settings(
        kafka="k:9092",
        city=Path("/city"),
        gateway_token="one",
        tables_workers=("a:1", "b:2"),
        contact_key=base64.urlsafe_b64encode(bytes(range(32))).decode(),
    )
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_secrets_do_not_show() -> None:
    """Printing the settings prints no key and no token."""
    shown = repr(load_settings(personal_key="hidden-personal-key", gateway_token="hidden-token"))
    assert "hidden" not in shown


def test_an_unknown_variable_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt setting is named instead of ignored."""
    monkeypatch.setenv("PAIDAN_KAFAK", "k:9092")
    with pytest.raises(UsageError, match="PAIDAN_KAFAK"):
        load_settings()


def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the variable and what is wrong with it."""
    monkeypatch.setenv("PAIDAN_PARTITIONS", "none")
    with pytest.raises(UsageError, match="PAIDAN_PARTITIONS: must be a whole number"):
        load_settings()


@pytest.mark.parametrize(
    "elsewhere", [{"kafka": "kafka.city:9092"}, {"kafka": "127.0.0.1:9093"}, {"gateway_host": "0.0.0.0"}]
)
def test_the_development_key_stays_with_the_broker_of_the_data_folder(
    tmp_path: Path, elsewhere: dict[str, str]
) -> None:
    """With another cluster, even on this machine, or listeners elsewhere the key must be the city's own."""
    (tmp_path / "broker").mkdir()
    (tmp_path / "broker" / "address").write_text("127.0.0.1:9092")
    local: dict[str, Any] = {"kafka": "127.0.0.1:9092", "data": tmp_path}
    settings = load_settings(**(local | elsewhere))
    assert load_settings(**local).hmac_key
    with pytest.raises(UsageError, match="PAIDAN_PERSONAL_KEY"):
        _ = settings.hmac_key
    assert (
        settings.model_copy(
            update={"personal_key": load_settings(personal_key="a key of its own").personal_key}
        ).hmac_key
        == b"a key of its own"
    )


def test_without_a_cluster_the_address_is_a_clear_sentence(tmp_path: Path) -> None:
    """No PAIDAN_KAFKA and no local broker: the error says what to do."""
    with pytest.raises(UsageError, match="paidan up"):
        _ = load_settings(data=tmp_path).bootstrap


async def test_a_running_demo_is_named_where_no_other_kafka_is(tmp_path: Path) -> None:
    """Who looks for the local Kafka while only the demo's runs is told how to join the demo."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    folder = tmp_path / "demo" / "broker"
    folder.mkdir(parents=True)
    (folder / "address").write_text(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(UsageError, match=f"export PAIDAN_DATA={tmp_path / 'demo'}"):
        _ = load_settings(data=tmp_path).bootstrap
    server.close()


def test_every_topic_is_documented() -> None:
    """docs/operations.md names each topic there is."""
    page = (REPOSITORY / "docs" / "operations.md").read_text()
    names = [topic.name for topic in all_topics(load_settings(), ("<department>",), ("<unit>",), ("<hub>",))]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_a_departments_updates_are_told_from_all_else_by_their_topic() -> None:
    """Whatever a department is called; another namespace's topics are none of ours."""
    names = Names("city")

    assert [names.department_of(names.updates_of(name)) for name in ("roads", "a.b")] == ["roads", "a.b"]
    others = [names.updates, names.reports, names.assignments("roads"), Names("other-city").updates_of("roads")]
    assert list(map(names.department_of, others)) == [""] * 4


def test_a_command_finds_what_runs_in_its_data_folder(tmp_path: Path) -> None:
    """Tables and gateway of `paidan up`, as long as they listen; what is set goes before."""
    with socket.create_server(("127.0.0.1", 0)) as tables:
        place = f"127.0.0.1:{tables.getsockname()[1]}"
        (tmp_path / RUNNING_FILE).write_text(json.dumps(Running(1, (place,))))

        found, told = (
            load_settings(data=tmp_path),
            load_settings(data=tmp_path, tables_workers=("a:1",), gateway_port=2),
        )
        assert (found.workers, found.gateway_url) == ((place,), "http://127.0.0.1:1")
        assert (told.workers, told.gateway_url) == (("a:1",), "http://127.0.0.1:2")

    left = load_settings(data=tmp_path)
    assert (left.workers, left.gateway_url) == (("127.0.0.1:6066",), "http://127.0.0.1:8080")


async def test_tables_that_do_not_answer_are_named_with_what_to_do() -> None:
    """The audit of a system whose tables it does not find says so at once, not after a minute of waiting."""
    advice = await silent(load_settings(kafka="127.0.0.1:1", tables_workers=("127.0.0.1:1",)))

    assert "127.0.0.1:1" in advice
    assert "PAIDAN_TABLES_WORKERS" in advice
    assert "--no-tables" in advice


def test_the_data_folder_is_open_to_its_owner_alone(tmp_path: Path) -> None:
    """Whether it was there before or not: what citizens write is in the local broker's files."""
    there = tmp_path / "there"
    there.mkdir(mode=0o755)

    modes = [load_settings(data=folder).make_data().stat().st_mode & 0o777 for folder in (there, tmp_path / "new")]

    assert modes == [0o700, 0o700]


@pytest.mark.parametrize(
    ("name", "guessable"),
    [
        *(
            (name, secret)
            for name in ("personal_key", "webhook_secret", "metrics_token")
            for secret in ("secret", "0" * 64)
        ),
        *(
            (name, key)
            for name in ("words_key", "contact_key", "link_key")
            for key in ("secret", "A" * 43 + "=", "a" * 44, "密" * 32)
        ),
    ],
)
def test_a_secret_that_can_be_guessed_is_refused(name: str, guessable: str) -> None:
    """What is short, or one sign over and over, is named when the settings are read; the secret itself is not shown."""
    with pytest.raises(UsageError, match=f"PAIDAN_{name.upper()}") as caught:
        load_settings(**{name: guessable})

    assert guessable not in str(caught.value)


def test_secrets_may_be_left_out_and_what_is_random_will_do() -> None:
    """As the commands that the pages name make them."""
    random = base64.urlsafe_b64encode(bytes(range(1, 33))).decode()

    assert load_settings(personal_key=random, webhook_secret=random, words_key=random, contact_key=random)
    assert load_settings(webhook_secret="", words_key="", contact_key="", metrics_token="").hmac_key


@pytest.mark.parametrize("value", [math.inf, math.nan, 1e15])
@pytest.mark.parametrize(
    "name", [each for each in Settings.model_fields if each.endswith(("_seconds", "_hours", "_days"))]
)
def test_a_time_that_nobody_can_mean_is_refused(name: str, value: float) -> None:
    """A number without an end fits into no request to Kafka, no date and no timer."""
    with pytest.raises(UsageError, match=f"PAIDAN_{name.upper()}: must be "):
        load_settings(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("session_timeout_ms", 10**13, "must be at most 864000000"),
        ("transaction_timeout_ms", 10**13, "must be at most 864000000"),
        ("raw_hours", 10**13, "must be at most 876600"),
        ("partitions", 10**10, "must be at most 10000"),
        ("replication", 10**6, "must be at most 1000"),
        ("tables_workers", "tables", "tables is not host:port"),
        *(
            ("kafka", place, "is not host:port")
            for place in ("[k:9092", "k]:9092", "a..b:9092", "::1:9092", "[k]:9092", "a b:9092", "me@k:9092")
        ),
        ("bridge_kafka", "a:1,[b:2", r"\[b:2 is not host:port"),
        *(
            (name, address, "must be written as http")
            for name in ("traces", "public_url")
            for address in ("http://[x", "http://[::g]:80", "https://a:99999", "https://a:0", "ftp://a", "a:4318")
        ),
        *(
            (name, address, "must be written as http")
            for name in ("traces", "public_url")
            for address in ("http://", "http://a b", "http://a..b", "https://a/?b", "https://a/#b", "https://a\n")
        ),
        ("tables_workers", " , ", r"must have at least 1 entries"),
        ("gateway_proxies", "127.0.0.1,10.0.0.0/33", "10.0.0.0/33 is no address and no network"),
    ],
)
def test_what_would_fail_later_is_refused_at_once(name: str, value: Any, said: str) -> None:
    """A worker without a port was a fault of each answer, and of a mistyped proxy nobody was told."""
    with pytest.raises(UsageError, match=f"PAIDAN_{name.upper()}: .*{said}"):
        load_settings(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kafka", "kafka-1.city:9092, kafka_2:9092,10.0.0.7:9092,[fd00::7]:9092,城市.example:9092"),
        ("traces", "http://collector:4318"),
        ("traces", "https://user:word@[fd00::7]:4318/otlp/"),
        ("public_url", "https://城市.example/paidan"),
    ],
)
def test_addresses_may_be_of_all_kinds(name: str, value: str) -> None:
    """Names, also in other letters, and numbers; on the web with a path or without a port, too."""
    assert getattr(load_settings(**{name: value}), name) == value


def test_proxies_may_be_addresses_networks_or_all() -> None:
    """Of both versions, as `is_among` looks for them."""
    proxies = ("*", "10.0.0.7", "10.0.0.0/8", "10.0.0.7/8", "::1", "fd00::/8")

    assert load_settings(gateway_proxies=proxies).gateway_proxies == proxies
