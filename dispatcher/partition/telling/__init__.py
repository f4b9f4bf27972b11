"""What others are told of what is decided: messages and notices about orders, and what has become of a sighting."""
