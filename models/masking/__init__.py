"""Personal data out of texts: what is personal is replaced by `***`, all else stays as it was written."""

from models.masking.masks import MASK, OPTIONAL, USUAL, Found, find, mask

__all__ = ["MASK", "OPTIONAL", "USUAL", "Found", "find", "mask"]
