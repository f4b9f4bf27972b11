"""What is decided: pure functions and values, without I/O, clock, environment or logging."""
