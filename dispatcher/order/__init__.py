"""The order: its row, the facts of its log, its lifecycle, how both stand on the wire."""
