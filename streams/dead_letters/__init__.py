"""Dead letters: what could not be taken in, and how it is sent again."""
