"""The notify role: events of the log as signed webhooks."""
