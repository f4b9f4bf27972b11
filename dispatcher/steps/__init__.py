"""Steps that change orders: opening, dispatching, what somebody asks for, and what guards it."""
