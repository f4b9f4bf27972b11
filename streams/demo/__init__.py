"""The demo: the sample day with made-up people."""
