"""What is known: contracts, the city, the classifier."""
