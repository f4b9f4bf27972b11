"""An order at the gateway: how it is found in the tables, and how it is shown."""
