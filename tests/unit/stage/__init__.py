"""The stage, Kafka and what runs beside it."""
