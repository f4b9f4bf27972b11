"""What opens no order of its own: silences; parent incidents, that many orders come to, and what they cover."""
