"""What is learnt from the log: labels, drift, whether a model may replace another."""
