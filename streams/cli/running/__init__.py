"""Commands: what runs roles, and what they need to run."""
