"""Contracts and formats: what comes in and goes out, however it is written."""
