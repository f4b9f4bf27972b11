"""What a reporter with a link is shown and may do."""
