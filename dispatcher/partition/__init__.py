"""One partition of the inbox: state, row keys and index, the overlay above them, the unit of work, the decision."""
