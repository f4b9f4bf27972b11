"""An order, its facts, its rows and what it counts for."""
