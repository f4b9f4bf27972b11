"""Personal data: masked, sealed, erased, and whose letters they are."""
