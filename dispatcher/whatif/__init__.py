"""What if 推演: a partition's inbox decided again under another city pack or model, and compared with what happened."""
