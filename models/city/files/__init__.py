"""How the files of a pack are read: cells, CSV, TOML, and mistakes with file, line and field."""
