"""All that knows Kafka in general: topics, clients, reading, sending."""
