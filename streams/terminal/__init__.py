"""What commands do for somebody at a terminal."""
