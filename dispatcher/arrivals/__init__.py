"""What can come to the desk: sightings, updates, timers that are due, cameras that are heard of."""
