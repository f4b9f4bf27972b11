"""Whether the whole system is ready: what is looked at, how far each may go, and what is wrong."""
