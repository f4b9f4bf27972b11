"""Personal data out of texts: what is personal is replaced by `***`, all else stays as it was written."""

from models.masking.masked_address import masked_address
from models.masking.masks import MASK, OPTIONAL, USUAL, Found, find, mask, masked_term
from models.masking.plain_name import is_plain

__all__ = ["MASK", "OPTIONAL", "USUAL", "Found", "find", "is_plain", "mask", "masked_address", "masked_term"]
