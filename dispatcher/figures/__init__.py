"""Figures: what orders book, the rows that sum it up, and the indicators that are read from them."""
