"""Nine months of Boston's 311 cases as a history of Paidan, and what they must come to."""
