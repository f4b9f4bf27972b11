"""Health, logs, metrics, traces, readiness, the lake."""
