"""Every tunable of a city, with its unit in its name and its default. Read from `[settings]` in `city.toml`."""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

_TILES = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/[^\s{}]*(?:\{[zxy]\}[^\s{}]*)+")


class CitySettings(BaseModel):
    """The tunables of one city; what is not given has the default shown here."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    # what counts as new
    identity_reports_days: float = Field(
        7.0, gt=0, le=90, description="a repeated source and id of a report or update within this time is dropped"
    )
    identity_detections_minutes: float = Field(10.0, gt=0, le=1440, description="the same for detections")
    future_tolerance_minutes: float = Field(
        5.0, ge=0, le=60, description="how far ahead of its receipt an event may be"
    )
    backdate_minutes: float = Field(15.0, ge=0, le=5_256_000, description="how far back an update may be dated")
    importers: tuple[str, ...] = Field(
        (),
        strict=False,
        description="the sources (CloudEvents) of systems that hand in steps late: they may date back at will",
    )
    named_steps: bool = Field(
        False,
        description="whether a step after which its person may not check or decide (handling, returning, asking for "
        "more time or a suspension, appealing) must name that person, `by.id`",
    )

    # merging
    merge_similarity: float = Field(
        0.35, ge=0, le=1, description="texts at least this alike (0 to 1) join one order; less alike are linked"
    )
    review_similarity: float = Field(
        0.6,
        ge=0,
        le=1,
        description="reports of whose category nobody is sure join at texts this alike; less alike are linked",
    )
    reports_per_order_max: int = Field(
        500, ge=1, le=5000, description="reports that one order takes in; the next one opens another, as a candidate"
    )
    detection_hold_minutes: float = Field(
        30.0, ge=0, le=5_256_000, description="an incident that ended and starts again within this time is the same one"
    )
    detection_resolve_minutes: float = Field(
        0.0,
        ge=0,
        le=5_256_000,
        description="a source that names no `phase` is taken to say that an incident has ended when it has not seen it "
        "for so long; 0: it never ends by itself",
    )
    doubt_quiet_minutes: float = Field(
        60.0,
        ge=0,
        le=5_256_000,
        description="for so long after a person has found what a camera had seen to be nothing, no look in doubt asks "
        "a person about the same there, unless it may be urgent; 0 turns this off",
    )
    watching_minutes: float = Field(
        60.0, gt=0, le=5_256_000, description="how long detections below min_sightings are watched before they expire"
    )
    reopen_days: float = Field(14.0, ge=0, le=3650, description="how long a closed order can be reopened")
    camera_heartbeat_hours: float = Field(
        24.0,
        ge=0,
        le=87_600,
        description="a camera silent for longer is reported as faulty; 0 turns this off. A camera's own "
        "`heartbeat_minutes` go before this",
    )
    unheard_cameras_missed: bool = Field(
        False,
        description="a camera without `heartbeat_minutes` is missed, too, when nothing has ever been heard of it: its "
        "silence counts from the first that comes of its area",
    )
    outage_cameras: int = Field(
        5,
        ge=2,
        le=100_000,
        description="so many cameras of one owner and link in an area that fall silent together are one order, with "
        "the list of them; fewer have an order each",
    )
    outage_minutes: float = Field(
        15.0,
        ge=0,
        le=1440,
        description="how long the desk waits after the first silent camera for those that fall silent with it",
    )
    storm_orders: int = Field(
        0,
        ge=0,
        le=100_000,
        description="with so many open orders of a category in an area within `storm_wait_minutes`, the next sighting "
        "opens a parent incident that covers all that follow; 0 turns this off",
    )
    storm_wait_minutes: float = Field(
        30.0, gt=0, le=5_256_000, description="the time within which that many orders make a storm"
    )
    storm_interval_minutes: float = Field(
        120.0, gt=0, le=5_256_000, description="a storm that has taken in nothing for so long takes in no more"
    )

    # silencing
    silence_alone_hours: float = Field(
        24.0,
        ge=0,
        le=8_784,
        description="a silence that lasts longer than so many hours holds only once a second person has approved it; "
        "0: each does",
    )

    # dispatching
    target_accuracy: float = Field(0.97, gt=0, lt=1, description="the accuracy that automatic dispatch must reach")
    caution: Literal["usual", "cautious"] = Field(
        "usual",
        description="usual: as sure as target_accuracy says; cautious: with half the errors that it allows, for a city "
        "whose reports may be unlike the texts that the model's confidence was learnt from",
    )
    blind_review_share: float = Field(
        0.02, ge=0, le=1, description="share of automatic dispatches that a person reviews without seeing the guess"
    )
    accept_window_hours: float = Field(
        24.0,
        gt=0,
        le=87_600,
        description="how long after its assignment an order may be returned without evidence where its category has no "
        "limit for accepting; where it has one, that counts",
    )
    returns_to_arbitration: int = Field(3, ge=1, le=100, description="the return that sends an order to arbitration")

    # mobile units
    unit_silent_minutes: float = Field(
        15.0, gt=0, le=1440, description="a mobile unit that has not reported for longer is given no task"
    )
    unit_reach_km: float = Field(20.0, gt=0, le=100, description="no unit further away is sent")
    unit_load_km: float = Field(
        2.0, ge=0, le=100, description="each thing that a unit has to do makes it so much further away"
    )
    unit_tries: int = Field(
        3, ge=1, le=20, description="units that are asked one after the other; then a person decides"
    )
    unit_accept_minutes: float = Field(
        5.0, gt=0, le=1440, description="a unit that has not accepted its task by then loses it to the next nearest"
    )
    unit_arrive_minutes: float = Field(
        30.0, gt=0, le=1440, description="how long a unit may be on its way once it has accepted its task"
    )
    unit_result_minutes: float = Field(
        30.0, gt=0, le=1440, description="how long it may look once it is there, before somebody else is asked"
    )

    # drift of the classifier
    drift_days: float = Field(7.0, gt=0, le=90, description="the window over which the classifier is watched")
    drift_orders_min: int = Field(
        200, ge=1, le=1_000_000, description="with fewer classified orders in it no alarm is raised"
    )
    drift_review_share: float = Field(
        0.4, gt=0, le=1, description="alarm when a larger share of classified orders goes to review"
    )
    drift_return_share: float = Field(
        0.1, gt=0, le=1, description="alarm when a larger share of assigned orders is returned with approval"
    )
    drift_class_mix: float = Field(
        0.25, gt=0, description="alarm when the stability index (PSI) against the training mix is larger"
    )
    drift_unseen_share: float = Field(
        0.1, gt=0, le=1, description="alarm when the share of unknown vocabulary exceeds the training's by more"
    )

    # checks
    recheck_minutes: float = Field(
        0.0,
        ge=0,
        le=5_256_000,
        description="how long the camera that has seen an order is waited for once that is handled, before a person "
        "makes the check; at most until the check's limit is warned of. 0: cameras are not asked",
    )
    recheck_share: float = Field(
        0.05, ge=0, le=1, description="share of what a camera would pass that an inspector checks all the same"
    )
    recheck_agreement_min: float = Field(
        0.9,
        ge=0,
        le=1,
        description="in a category in which cameras and inspectors agree less often than this in their newest 100 "
        "pairs, inspectors make the checks",
    )
    recheck_pairs_min: int = Field(20, ge=1, le=100, description="with fewer pairs a category keeps that right")
    judged_share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="share of the orders that have passed their check which citizens of the pool (citizens.csv) are "
        "asked to judge",
    )
    judged_by: int = Field(3, ge=1, le=20, description="how many citizens are asked about such an order, at most")
    judged_days: float = Field(
        7.0, gt=0, le=3650, description="how long they may answer; at most until the order is archived"
    )

    # clocks
    warn_share: float = Field(0.8, gt=0, lt=1, description="share of a limit after which a warning is sent")
    forward_share: float = Field(
        0.8, gt=0, le=1, description="share of what is left of its limit that a department gives to one below"
    )
    supervision_interval_hours: float = Field(
        24.0, gt=0, le=87_600, description="time between two levels of supervision"
    )
    supervision_levels: int = Field(3, ge=1, le=9, description="the highest level of supervision")
    work_day_due: Literal["same-time", "end-of-day"] = Field(
        "same-time", description="a limit in work-days ends at the same time of day or at the end of that working day"
    )
    extensions_max: int = Field(2, ge=0, le=100, description="how often a limit can be extended")
    suspensions_max: int = Field(1, ge=0, le=100, description="how often an order can be suspended")
    suspension_days_max: int = Field(365, ge=1, le=3650, description="how long a suspension can last")
    feedback_days: float = Field(
        14.0, gt=0, le=3650, description="how long the reporter may say whether it was settled"
    )
    unsatisfied_reopens: bool = Field(
        False, description="whether a reporter who is not satisfied reopens the order by saying so"
    )
    call_back_days: float = Field(
        0.0,
        ge=0,
        le=3650,
        description="how long after its closing a reporter is waited for before somebody calls back; 0: nobody does",
    )
    archive_days: float = Field(30.0, gt=0, le=3650, description="how long after its end an order is archived")

    # the map
    tiles_attribution: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="whose street map that is, as text on it; needed with `tiles_url`",
    )
    tiles_url: str | None = Field(
        None,
        max_length=500,
        description="where browsers fetch the pictures of a street map that lies under the areas, with `{z}`, `{x}` "
        "and `{y}`: `https://tiles.example.org/{z}/{x}/{y}.png`. Without it nothing is fetched from anywhere",
    )

    # personal data
    masked: tuple[Literal["handle", "name", "door"], ...] = Field(
        ("handle", "name"),
        strict=False,
        description="what is masked in words besides what always is: accounts of apps (handle), names after words such "
        "as 联系人 (name), the doors where people live (door)",
    )

    # satisfaction
    response_weight: float = Field(0.2, ge=0, le=1, description="weight of the response rate in the combined rate")
    resolution_weight: float = Field(0.4, ge=0, le=1, description="weight of the resolution rate")
    satisfaction_weight: float = Field(0.4, ge=0, le=1, description="weight of the satisfaction rate")

    @field_validator("tiles_url")
    @classmethod
    def _of_one_server(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None:
            return None
        if not _TILES.fullmatch(url) or any(url.count(each) != 1 for each in ("{z}", "{x}", "{y}")):
            raise ValueError("needs http or https, a server by its name, and behind it z, x and y once each in braces")
        if not info.data.get("tiles_attribution"):
            raise ValueError("needs tiles_attribution, which says whose map it is")
        return url

    @property
    def asked_accuracy(self) -> float:
        """The accuracy that the classifier is asked for: `target_accuracy`, with half the errors where the city is
        cautious."""
        return self.target_accuracy if self.caution == "usual" else (1 + self.target_accuracy) / 2
