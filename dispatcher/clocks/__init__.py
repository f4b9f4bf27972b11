"""Time that counts: working time and the limits of the stages."""
