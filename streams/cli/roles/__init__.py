"""Commands that are roles."""
