"""The command line: one file a command; `main` holds their table."""
