"""What is seen before it is an order: it is watched, and weighed by who sees it; and what the camera that is asked sees
of one that is handled."""
