"""What is made once, kept by name, and never changes: models, city packs."""
