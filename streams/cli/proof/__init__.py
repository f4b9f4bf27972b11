"""Commands: what is computed anew from the log, and what is taken out of it."""
