"""What comes: merged, watched, covered, silenced, urgent."""
