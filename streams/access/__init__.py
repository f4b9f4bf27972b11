"""Who asks: from a bearer token to its holder, by a file of tokens or by a provider of signed ones."""
