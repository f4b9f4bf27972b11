"""Commands: what goes in, what comes out and what lies in between: events, orders, dead letters, figures."""
