"""What a text is about beside its weights."""
