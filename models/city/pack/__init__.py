"""A pack as a whole: from a folder or bytes to a checked city."""
