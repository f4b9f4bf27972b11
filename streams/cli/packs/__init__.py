"""Commands: a city pack from its beginning to its publication."""
