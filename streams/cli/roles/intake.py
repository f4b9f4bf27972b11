"""`paidan intake`: what comes in becomes records of the inbox."""

from streams.intake.role import serve
from streams.run import run_role


def intake() -> None:
    """Role: take in reports, detections and updates. Settings come from the environment."""
    run_role(serve)
