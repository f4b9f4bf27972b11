"""Bytes to what they say: decoded, valid by their contract, in time, by a way on which they may come."""
