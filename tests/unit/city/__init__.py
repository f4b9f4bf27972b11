"""The city pack: areas, places, lookups, rules, assets, registry."""
