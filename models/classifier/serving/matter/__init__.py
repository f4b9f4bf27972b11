"""What a message is about, beside its weights: evidence, formulas that say nothing, a second matter."""
