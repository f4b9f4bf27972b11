"""Tables, gateway, notify, bridge: what others are told."""
