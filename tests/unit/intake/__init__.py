"""Records to items."""
