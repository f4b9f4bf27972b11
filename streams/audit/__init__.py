"""The audit: all figures and rows recomputed from the log, compared, and repaired."""
