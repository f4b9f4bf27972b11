"""Until when reporters are heard after a closing: to say whether it is settled 回访, and to open it again 重新立案."""

from models.city import CitySettings
from models.times import DAY_MS


def feedback_until(closed_at: int, settings: CitySettings) -> int:
    """The last instant (ms UTC) at which feedback on a closing is taken."""
    return closed_at + int(settings.feedback_days * DAY_MS)


def reopen_until(closed_at: int, settings: CitySettings) -> int:
    """The last instant (ms UTC) at which a reporter may reopen what was closed."""
    return closed_at + int(settings.reopen_days * DAY_MS)
