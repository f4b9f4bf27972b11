"""Requests as events: how one is read, and whose it is."""
