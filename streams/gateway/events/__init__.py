"""Requests as events: how one is read, whose it is, and how it is written."""
