"""The orders of a partition as lists want them: what is asked for, and where each stands."""
