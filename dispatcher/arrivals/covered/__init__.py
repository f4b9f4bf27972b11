"""Parent incidents: what many orders of one kind come to, and what becomes of what they cover."""
