"""The desk as a role on Kafka."""
