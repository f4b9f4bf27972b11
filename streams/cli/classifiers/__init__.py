"""Commands: classifiers and the labels that they learn from."""
