"""Personal data out of texts: what is personal is replaced by `***`, all else stays as it was written."""

from models.masking.masked_address import masked_address
from models.masking.masks import MASK, OPTIONAL, USUAL, Found, find, mask, masked_term

__all__ = ["MASK", "OPTIONAL", "USUAL", "Found", "find", "mask", "masked_address", "masked_term"]
