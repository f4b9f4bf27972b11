"""A guess and its certainty."""
