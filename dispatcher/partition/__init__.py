"""One partition of the inbox: its state, the layers above it, the unit of work, the decision."""
