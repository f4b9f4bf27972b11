"""One file for each format: where it keeps what the detection contract asks for."""
