"""Eight hundred tickets of a hotline as a history of Paidan, and what their stage times must come to."""
