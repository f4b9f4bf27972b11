"""What the control topic says: the city packs, the models in force."""
