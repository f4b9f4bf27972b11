"""What stands where on the ground: polygons, distances, and the assets of the city."""
