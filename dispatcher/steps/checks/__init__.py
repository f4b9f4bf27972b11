"""Checks 核查: by whom what a department says it has handled is looked at."""
