"""What every answer of the gateway has in common: who may ask, how much, and how it is answered."""
