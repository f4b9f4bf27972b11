"""What stands at each site of the storm's city, and what its cameras say in each round: this is the truth.

A district's cameras are shared out among sites of some kinds (`KINDS`). In each round every camera that is not silent
says one thing, and the kind of its site says what must become of it (`Fate`). Nothing here asks the code under test.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

ROUNDS = 23
LAST_START = 17  # rounds after it are left for what follows: people, a camera's second look, a silence that is noticed
SPACING = 0.004  # degrees between two places of a district, some 400 m: no two sites are near each other
BESIDE = 0.0001  # degrees between the cameras of one site, some 10 m
FILE_AT = 0.85  # how sure the city wants to be before a doubtful alarm is filed
ALARMS_FALSE = 0.1  # of the doubtful alarms' own confidence so much is wrong
LAMP, HOLE, PARKING, FLOOD, PERSON = "lamp_off", "pothole", "illegal_parking", "waterlogging", "person"

# What must become of a detection: it opens an order, joins one, expires unseen, ends what is not open, or is dropped by
# intake. Of what is `doubtful` it depends on what the city has learnt: it expires, or is a false alarm that is filed.
Fate = Literal["opens", "joins", "expires", "doubtful", "dropped"]


class Saying(NamedTuple):
    """One detection, and what must become of it."""

    fate: Fate
    label: str = LAMP
    confidence: float = 0.3
    object_id: str = ""
    phase: str = ""


NOISE = Saying("dropped")  # a lamp that its algorithm is not sure enough of
PASSER_BY = Saying("dropped", PERSON, 0.9)  # nobody has to do anything about it


@dataclass(frozen=True, slots=True)
class Post:
    """A camera, and where it stands: degrees, and whether in the western town of its district."""

    id: str
    lat: float
    lon: float
    west: bool
    link: str


@dataclass(slots=True)
class Site:
    """Cameras that see the same, or fall silent together, from a round on. `chance` are numbers from 0 to 1 of its own;
    `answer` is what the camera finds that is asked to look again."""

    kind: "Kind"
    start: int
    chance: tuple[float, float]
    answer: str = ""
    posts: list[Post] = field(default_factory=list)

    def says(self, number: int, turn: int) -> Saying | None:
        """What its camera with this number says in a round; None when it is silent."""
        return self.kind.says(self, number, turn)


class Kind(NamedTuple):
    """A kind of site: its share of a district's cameras, how many it has, whether they stand together, beside the
    border or each by itself, and what they say."""

    name: str
    share: float
    cameras: int
    stand: Literal["together", "border", "apart"]
    says: Callable[[Site, int, int], Saying | None]
    answers: tuple[str, ...] = ("",)


def _noise(site: Site, number: int, turn: int) -> Saying:
    return NOISE if (turn + len(site.posts[number].id)) % 2 else PASSER_BY


def _steady(site: Site, number: int, turn: int) -> Saying:
    """One camera sees a lamp that is off, round after round."""
    if turn < site.start:
        return _noise(site, number, turn)
    return Saying("opens" if turn == site.start else "joins", LAMP, 0.9, "lamp")


def _flapping(site: Site, number: int, turn: int) -> Saying:
    """The lamp is off, on, off … within the hold time: it is one incident."""
    if turn < site.start:
        return _noise(site, number, turn)
    phase = "start" if (turn - site.start) % 2 == 0 else "end"
    return Saying("opens" if turn == site.start else "joins", LAMP, 0.9, "lamp", phase)


def _served(site: Site, number: int, turn: int) -> Saying:
    """The lamp is off for two rounds, then it is handled: the camera sees its end, sees it again, or says no more. What
    answers by itself (`answers-…`) is asked, and the camera sends no picture besides."""
    since = turn - site.start
    if since in (0, 1):
        return _steady(site, number, turn)
    if since == 2 and site.answer == "gone":
        return Saying("joins", LAMP, 0.9, "lamp", "end")
    if since == 2 and site.answer == "there":
        return Saying("joins", LAMP, 0.9, "lamp")
    return _noise(site, number, turn)


def _parking(site: Site, number: int, turn: int) -> Saying:
    """Three cameras see a car, which is as many as it takes; in the next round they see it again."""
    if turn not in (site.start, site.start + 1):
        return _noise(site, number, turn)
    return Saying("opens" if (turn, number) == (site.start, 0) else "joins", PARKING, 0.9)


def _too_few(site: Site, number: int, turn: int) -> Saying:
    """Two cameras see a car, where it takes three."""
    return Saying("expires", PARKING, 0.9) if turn == site.start else _noise(site, number, turn)


def _border(site: Site, number: int, turn: int) -> Saying:
    """Two cameras see one incident, each from another town: two orders, which name each other."""
    return Saying("opens", LAMP, 0.9, "lamp") if turn == site.start else _noise(site, number, turn)


def is_right(site: Site) -> bool:
    """Whether there is a hole where the camera of a doubtful site sees one: its confidence says how likely that is."""
    return site.chance[1] < doubted(site) * (1 - ALARMS_FALSE)


def doubted(site: Site) -> float:
    """How sure the first camera of a doubtful site is."""
    return 0.4 + 0.55 * site.chance[0]


def _doubtful(site: Site, number: int, turn: int) -> Saying:
    """A camera sees a hole, and is more or less sure; where there is one the camera beside it is sure, too."""
    if turn != site.start:
        return _noise(site, number, turn)
    if not is_right(site):
        return Saying("doubtful", HOLE, doubted(site)) if number == 0 else _noise(site, number, turn)
    return Saying("opens" if number == 0 else "joins", HOLE, doubted(site) if number == 0 else 0.97)


def _falls_silent(site: Site, number: int, turn: int) -> Saying | None:
    return None if turn >= site.start else _noise(site, number, turn)


def _never_seen(site: Site, number: int, turn: int) -> None:
    return None


def _rain(site: Site, number: int, turn: int) -> Saying:
    """Water on many streets of a town at once: so many are orders, and one more takes in all that follow."""
    if turn != site.start:
        return _noise(site, number, turn)
    return Saying("opens" if number < storm_orders(len(site.posts)) else "joins", FLOOD, 0.9, "water")


def storm_orders(streets: int) -> int:
    """How many orders of a category in an area make a storm, where it rains on so many streets."""
    return streets // 2


QUIET = Kind("quiet", 0, 1, "together", _noise)
SILENT = Kind("falls silent", 0.003, 1, "together", _falls_silent)
NEVER_SEEN = Kind("never seen", 0.001, 1, "together", _never_seen)
SWITCH = Kind("switch", 0.07, 500, "apart", _falls_silent)
RAIN = Kind("rain", 0.02, 0, "apart", _rain)
BORDER = Kind("border", 0.004, 2, "border", _border)
DOUBTFUL = Kind("doubtful", 0.05, 2, "together", _doubtful)
SERVED = Kind("served", 0.03, 1, "together", _served, ("gone", "there", "answers-gone", "answers-there", "mute"))
KINDS = (
    BORDER,
    DOUBTFUL,
    SERVED,
    Kind("steady", 0.24, 1, "together", _steady),
    Kind("flapping", 0.01, 1, "together", _flapping),
    Kind("parking", 0.03, 3, "together", _parking),
    Kind("too few", 0.02, 2, "together", _too_few),
    SILENT,
    NEVER_SEEN,
    SWITCH,
    RAIN,
)


def sites_of(district: str, cameras: int, seed: int) -> list[Site]:
    """A district's sites with so many cameras in all, in the order in which these speak."""
    chance = random.Random(f"{seed}/{district}")
    sites: list[Site] = []
    for kind in KINDS:
        many = {SWITCH: min(kind.cameras, max(cameras // 12, 6)), RAIN: 2 * max(cameras // 100, 6)}
        size = many.get(kind, kind.cameras)
        for answer in kind.answers:
            for _ in range(max(int(cameras * kind.share / size / len(kind.answers)), 1)):
                sites.append(_site(kind, size, answer, chance))
    rest = cameras - sum(len(site.posts) for site in sites)
    sites += [_site(QUIET, 1, "", chance) for _ in range(rest)]
    chance.shuffle(sites)
    _place(district, sites, cameras)
    return sites


def _site(kind: Kind, size: int, answer: str, chance: random.Random) -> Site:
    start = chance.randrange(1, LAST_START + 1)
    site = Site(kind, start, (chance.random(), chance.random()), answer)
    site.posts = [Post("", 0, 0, True, "")] * size  # they get their places below
    return site


def side_of(cameras: int) -> float:
    """How many degrees a town is long and wide that has room for half of so many cameras."""
    return (math.isqrt(cameras) + 2) * SPACING


def _place(district: str, sites: list[Site], cameras: int) -> None:
    """Give each camera a place of its own: sites in rows of both towns in turn, border sites on their border."""
    side, columns = side_of(cameras), math.isqrt(cameras) + 1
    number, places, rows = 0, [0, 0], 0
    for n, site in enumerate(sites):
        posts: list[Post] = []
        west = n % 2 == 0
        spot = (0.0, 0.0)
        for k in range(len(site.posts)):
            if site.kind.stand == "border":
                west = k == 0
                spot = ((rows + 0.5) * SPACING, side - BESIDE if west else side + BESIDE)
            elif k == 0 or site.kind.stand == "apart":
                y, x = divmod(places[west], columns)
                spot = ((y + 0.5) * SPACING, (x + 0.5) * SPACING + (0 if west else side))
                places[west] += 1
            beside = k * BESIDE if site.kind.stand == "together" else 0.0
            camera = f"{district}-{number:05d}"
            link = f"{district}-switch-{n}" if site.kind is SWITCH else f"link-{camera}"
            posts.append(Post(camera, round(spot[0] + beside, 6), round(spot[1], 6), west, link))
            number += 1
        rows += site.kind is BORDER
        site.posts = posts
