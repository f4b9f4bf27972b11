"""What is seen before it is an order: it is watched, and weighed by who sees it."""
