"""Traces 链路追踪: what became of one request or record in each role, as spans for an OpenTelemetry collector."""
