"""Commands: what roles need to run, and all of them on one machine."""
