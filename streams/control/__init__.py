"""What the control topic says: the city pack and the models in force."""
