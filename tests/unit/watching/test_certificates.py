"""Certificates for Kafka: somebody hears in time that one ends."""

from pathlib import Path

from prometheus_client import REGISTRY

from models.times import DAY_MS, now_ms
from streams.kafka.certificates import measure_certificates, next_end
from streams.settings import load_settings
from tests.support.clusters.secured import write_certificates

SERIES = "paidan_kafka_certificate_ends_seconds"


def test_when_a_certificate_ends_is_measured_by_the_setting_that_names_it(tmp_path: Path) -> None:
    """All roles of a city have theirs from one day, and on one day a year later Kafka refused them all."""
    write_certificates(tmp_path)
    (tmp_path / "no.pem").write_text("no certificate")
    files = {"kafka_ca": "ca.pem", "kafka_certificate": "client.pem", "bridge_kafka_ca": "no.pem"}

    measure_certificates(
        load_settings(kafka="localhost:1", **{name: str(tmp_path / file) for name, file in files.items()})
    )

    def ends(setting: str) -> float | None:
        return REGISTRY.get_sample_value(SERIES, {"setting": setting})

    in_days = [((ends(f"PAIDAN_{name.upper()}") or 0) * 1000 - now_ms()) / DAY_MS for name in files]
    assert [round(days, 1) for days in in_days[:2]] == [2.0, 2.0]
    assert ends("PAIDAN_BRIDGE_KAFKA_CA") == 0
    assert ends("PAIDAN_BRIDGE_KAFKA_CERTIFICATE") is None


def test_of_several_certificates_in_a_file_the_next_that_ends_counts() -> None:
    """An authority that is over beside the one that took its place is nothing to be told; one that was the last is."""
    assert next_end((10, 30, 20), 5) == 10
    assert next_end((10, 30, 20), 15) == 20
    assert next_end((10, 30, 20), 30) == 30
    assert next_end((), 5) == 0
