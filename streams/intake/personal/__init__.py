"""What comes in without what is personal in it."""
