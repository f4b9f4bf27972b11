"""What each kind of fact does to a row, by the part of the order's life; `apply` puts them together."""
