"""What watches a running system from outside: alert rules for Prometheus, a board for Grafana, from the metrics."""
