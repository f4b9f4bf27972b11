"""Intake as a role on Kafka, and the replay of history through it."""
