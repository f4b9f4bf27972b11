"""What is silenced 静默 in the demo city when somebody opens it: one thing is, another waits for a second person."""

from models.city import City
from models.inbox import LiveSilence
from models.times import DAY_MS, HOUR_MS
from streams.control.live_silences import SilenceBook, asks_for_approval, set_anew
from streams.settings import Settings

_BY = "duty-officer-1"


def silences(city: City, now: int) -> tuple[LiveSilence, ...]:
    """Both, set at `now` (ms UTC)."""
    camera = next(iter(city.cameras.values()))
    return (
        LiveSilence(
            number=0,
            starts_at=now,
            ends_at=now + 8 * HOUR_MS,
            camera=camera.id,
            owner=camera.owner,
            comment="镜头清洗 Its lens is cleaned",
            created_by=_BY,
            created_at=now,
        ),
        LiveSilence(
            number=0,
            starts_at=now + 2 * DAY_MS,
            ends_at=now + 20 * DAY_MS,
            category="flooding",
            area="hubin",
            owner="water",
            comment="湖滨湿地放水试验 Water trial in the lakeside wetland",
            created_by=_BY,
            created_at=now,
        ),
    )


async def set_silences(settings: Settings, city: City, now: int) -> None:
    """Have them set. Raises ControlError where they cannot be, KafkaError when the cluster fails."""
    book = SilenceBook(settings)
    for silence in silences(city, now):
        await book.change(set_anew(silence, asks_for_approval(city, silence)))
