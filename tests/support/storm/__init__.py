"""A seeded day of a whole city's cameras of which it is known what has happened, and what the core makes of it."""
