"""What if 推演: the inbox read from Kafka, decided again beside what happened, and judged again by another model."""
