"""When the certificates end with which a role speaks with Kafka: from that day on it is refused, or refuses."""

from collections.abc import Collection
from pathlib import Path

from models.times import now_ms
from streams import metrics
from streams.settings import Settings


def measure_certificates(settings: Settings) -> None:
    """Have the metrics say when the certificates end that the settings name, as the files are now: what takes their
    place counts from the next start of the role on."""
    for setting, file in (
        ("PAIDAN_KAFKA_CA", settings.kafka_ca),
        ("PAIDAN_KAFKA_CERTIFICATE", settings.kafka_certificate),
        ("PAIDAN_BRIDGE_KAFKA_CA", settings.bridge_kafka_ca),
        ("PAIDAN_BRIDGE_KAFKA_CERTIFICATE", settings.bridge_kafka_certificate),
    ):
        if file:
            _measure(setting, ends_in(Path(file)))


def _measure(setting: str, ends: Collection[int]) -> None:
    metrics.CERTIFICATE_ENDS.labels(setting).set_function(lambda: next_end(ends, now_ms()) / 1000)


def ends_in(file: Path) -> tuple[int, ...]:
    """When each certificate of a PEM file ends, ms UTC; none of one that cannot be read: who opens a client says so."""
    from cryptography.x509 import load_pem_x509_certificates  # most roles have none to read

    try:
        found = load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):
        return ()
    return tuple(int(each.not_valid_after_utc.timestamp() * 1000) for each in found)


def next_end(ends: Collection[int], at: int) -> int:
    """The next of these ends after an instant; the last one where all are over, and 0 without any. What is over beside
    what holds hurts nobody."""
    return min((end for end in ends if end > at), default=max(ends, default=0))
