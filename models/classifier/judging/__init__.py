"""How good a classifier is: evaluation, comparison, reports. Nothing here is needed to classify."""
