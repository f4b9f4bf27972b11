"""How a classifier is made: texts, folds, training, the shipped model. Nothing here is needed to classify."""
