"""What the container files set up fits together: settings that exist, ports that are reached, a pack put in."""

import re

import msgspec
import pytest

from streams.addresses import LOOPBACK
from streams.local.broker_properties import server_properties
from streams.readiness.checks import CHECKS
from streams.settings import Settings
from tests.conftest import REPOSITORY

COMPOSE = (REPOSITORY / "compose.yaml").read_text(encoding="utf-8")
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
SERVICES = msgspec.yaml.decode(COMPOSE)["services"]
ROLES = ("intake", "desk", "tables", "gateway", "notify", "bridge")
# What the compose file itself asks for, which is no setting of a role.
_OWN = {"PAIDAN_PACK", "PAIDAN_KAFKA_OUTSIDE", "PAIDAN_KAFKA_BIND"}


@pytest.mark.parametrize("text", [COMPOSE, DOCKERFILE], ids=["compose.yaml", "Dockerfile"])
def test_every_setting_exists(text: str) -> None:
    """A role refuses to start with one that does not."""
    known = {f"PAIDAN_{name.upper()}" for name in Settings.model_fields}

    assert set(re.findall(r"PAIDAN_[A-Z_]+", text)) - _OWN - known == set()


@pytest.mark.parametrize("name", [*ROLES, "topics"])
def test_every_role_reads_the_pack_that_is_mounted(name: str) -> None:
    """Where its setting says, and the same for all, the demo city unless another is named."""
    service = SERVICES[name]
    [pack] = [volume for volume in service["volumes"] if service["environment"]["PAIDAN_CITY"] in volume]

    assert pack == "${PAIDAN_PACK:-./cities/demo}:/etc/paidan/city:ro"


def test_kafka_can_be_reached_from_outside() -> None:
    """It listens and advertises an address beside the one within, and that port is published."""
    kafka = SERVICES["kafka"]
    listens, advertises = (
        dict(each.split("://") for each in kafka["environment"][name].split(","))
        for name in ("KAFKA_LISTENERS", "KAFKA_ADVERTISED_LISTENERS")
    )

    assert listens["OUTSIDE"] == ":29092"
    assert advertises == {"PLAINTEXT": "kafka:9092", "OUTSIDE": "${PAIDAN_KAFKA_OUTSIDE:-localhost:29092}"}
    assert kafka["ports"] == ["${PAIDAN_KAFKA_BIND:-127.0.0.1}:29092:29092"]
    assert "OUTSIDE:" in kafka["environment"]["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"]


def test_kafka_has_time_to_end() -> None:
    """It takes three seconds with nothing in it; after the ten that Docker gives it was killed."""
    assert SERVICES["kafka"]["stop_grace_period"] == "1m"


def test_nobody_s_transaction_holds_up_intake_for_longer_than_the_gateway_stays_ready() -> None:
    """Both brokers that come with the project end an open one after that time; Kafka's own limit is 15 minutes."""
    [limit] = [check.most for check in CHECKS if check.name == "open-transaction"]
    local = server_properties(1, {1: (1, 2)}).splitlines()

    assert limit == 60
    assert "transaction.max.timeout.ms=60000" in local
    assert SERVICES["kafka"]["environment"]["KAFKA_TRANSACTION_MAX_TIMEOUT_MS"] == 60_000


def test_metrics_can_be_scraped() -> None:
    """They are served beyond the container, at the port that it exposes and the page names."""
    variables = dict(re.findall(r"(PAIDAN_METRICS_[A-Z]+)=(\S+)", DOCKERFILE))
    [exposed] = re.findall(r"^EXPOSE (.*)$", DOCKERFILE, re.MULTILINE)
    page = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")

    assert variables["PAIDAN_METRICS_HOST"] not in LOOPBACK
    assert variables["PAIDAN_METRICS_PORT"] in exposed.split()
    assert f"port: {variables['PAIDAN_METRICS_PORT']}}}" in page
