"""What clients of GeoReport v2 ask: query parameters as a search, form fields as a report."""

import math
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

import msgspec
from fastapi import Request

from dispatcher.order.row import OPEN
from models.city import City
from models.redact import KNOWN_AS
from models.times import DAY_MS, from_text, now_ms
from streams.gateway.events.request_event import check_charset
from streams.gateway.http.problems import Problem

SOURCE = "open311"  # under which what apps send is known, behind the source of their key
MOST_DAYS = 90
MOST_IDS = 50
_PAGE_SIZE, _MOST_PAGE_SIZE, _MOST_PAGES = 50, 200, 20
_MOST_DIGITS = 9
_PICTURE = "media_url"  # may stand in a form several times
_FORM = "application/x-www-form-urlencoded"
# What a citizen's status says of an order that has ended.
_SAID: Mapping[str, dict[str, object]] = {
    **{status: {"action": "reopen"} for status in ("OPEN", "REOPENED")},
    **{status: {"action": "feedback", "satisfied": True} for status in ("CLOSED", "FIXED")},
}
_STATUSES = {"open": "open", "closed": "closed,rejected,merged"}


class Search(msgspec.Struct, frozen=True):
    """Which service requests: those with these ids; else of these services and states, opened from `since` to `until`
    (ms UTC, both included), newest first, without the first `skip`, at most `size`."""

    ids: tuple[str, ...]
    codes: tuple[str, ...]
    states: str
    since: int
    until: int
    skip: int
    size: int


def search_of(asked: Mapping[str, str], city: City) -> Search:
    """The search that query parameters ask for; without dates the newest 90 days. Raises Problem (400)."""
    codes = _words(asked.get("service_code", ""))
    if any(code not in city.categories for code in codes):
        raise wrong("service_code was not found")
    statuses = _words(asked.get("status", ""))
    if not set(statuses) <= set(_STATUSES):
        raise wrong("status must be open, closed or both")
    since, until = window_of(asked, MOST_DAYS * DAY_MS)
    size = _number(asked, "page_size", _PAGE_SIZE, _MOST_PAGE_SIZE)
    page = _number(asked, "page", 1, _MOST_PAGES)
    ids = _words(asked.get("service_request_id", ""))
    if len(ids) > MOST_IDS:
        raise wrong(f"at most {MOST_IDS} service_request_id at once")
    states = ",".join(_STATUSES[each] for each in statuses)
    return Search(ids, codes, states, since, until, (page - 1) * size, size)


def window_of(asked: Mapping[str, str], usual_ms: int) -> tuple[int, int]:
    """From when to when is asked for (ms UTC): with one date or none up to now, or for as long as is `usual_ms`.

    Raises Problem (400) for what is no time, and for more than `MOST_DAYS`.
    """
    now = now_ms()
    until, since = _moment(asked, "end_date"), _moment(asked, "start_date")
    if until is None:
        until = now if since is None else min(now, since + MOST_DAYS * DAY_MS)
    if since is None:
        since = until - usual_ms
    if until - since > MOST_DAYS * DAY_MS:
        raise wrong(f"start_date and end_date may not span more than {MOST_DAYS} days")
    return since, until


class Form(dict[str, str]):
    """The fields of a form, the last of a name; the pictures all of them."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        given = list(fields)
        super().__init__(given)
        self.pictures = [value for name, value in given if name == _PICTURE and value]


async def form_of(request: Request) -> Form:
    """The fields of a form. Raises Problem (415, 400)."""
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != _FORM:
        raise Problem(415, "unsupported-media-type", f"content-type must be {_FORM}; pictures go by media_url")
    check_charset(content_type)
    try:
        return Form(parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=200))
    except (UnicodeDecodeError, ValueError):
        raise wrong("the form must be UTF-8 with at most 200 fields") from None


def report_of(form: Form, city: City) -> dict[str, object]:
    """The data of the report that a form stands for. Raises Problem (400) for what the standard asks for."""
    code = form.get("service_code", "")
    if not code:
        raise wrong("service_code was not provided")
    category = city.categories.get(code)
    if category is None:
        raise wrong("service_code was not found", 404)
    location: dict[str, object] = {"address": form.get("address_string", "")}
    if form.get("address_id"):
        location["area"] = form["address_id"]
    if form.get("lat") or form.get("long"):
        try:
            lat, lon = float(form.get("lat", "")), float(form.get("long", ""))
        except ValueError:
            lat = lon = math.nan
        if not (math.isfinite(lat) and math.isfinite(lon)):
            raise wrong("lat and long must be numbers")
        location |= {"lat": lat, "lon": lon}
    if not any(location.values()):
        raise wrong("lat and long, address_string or address_id must be provided")
    name = " ".join(part for part in (form.get("first_name", ""), form.get("last_name", "")) if part)
    return {
        "text": form.get("description", "") or category.name_zh,
        "category": code,
        "channel": "open311",
        "location": location,
        "reporter": {"id": _who(form), "name": name, "phone": form.get("phone", "")},
        "media_urls": form.pictures,
    }


def update_of(form: Form, state: str) -> dict[str, object]:
    """The data of the update that a form of the extension `servicerequestupdates` stands for, but for whose it is, of
    an order in a state: words are a remark while it is open; of one that has ended they say that it is settled
    (CLOSED, FIXED), or open it again (OPEN, REOPENED). Raises Problem (400)."""
    status = form.get("status", "").upper()
    if status not in _SAID:
        raise wrong("status must be OPEN or CLOSED")
    if not form.get("description", "").strip() and not form.pictures:
        raise wrong("description was not provided")
    action: dict[str, object] = {"action": "comment"} if state in OPEN else _SAID[status]
    return action | {"reason": form.get("description", ""), "evidence_urls": form.pictures}


def person_of(form: Mapping[str, str]) -> str:
    """Who has filled in a form, as `report_of` names them: by an id of theirs, or by their phone number. Raises Problem
    (400) for an id that means somebody's hash, as the gateway alone may say it."""
    person = _who(form) or form.get("phone", "")
    if person.strip().startswith(KNOWN_AS):
        raise wrong("account_id must not be the hash of somebody")
    return person


def _who(form: Mapping[str, str]) -> str:
    return next((form[key] for key in ("account_id", "email", "device_id") if form.get(key)), "")


def check_jurisdiction(given: str, city: City) -> None:
    """Raises Problem (404) for another jurisdiction than this city's."""
    if given not in ("", city.id):
        raise wrong(f"jurisdiction_id is not {city.id}", 404)


def wrong(sentence: str, status: int = 400) -> Problem:
    """What a client has to do otherwise."""
    return Problem(status, "invalid" if status == 400 else "not-found", sentence)


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def _moment(asked: Mapping[str, str], name: str) -> int | None:
    if not (given := asked.get(name, "")):
        return None
    try:
        return from_text(given.replace(" ", "+"))  # a plus sign that nobody has escaped
    except ValueError:
        raise wrong(f"{name} must be a time like 2010-01-01T00:00:00Z") from None


def _number(asked: Mapping[str, str], name: str, default: int, most: int) -> int:
    given = asked.get(name, "")
    if not given:
        return default
    if not given.isascii() or not given.isdigit() or len(given) > _MOST_DIGITS or not 1 <= int(given) <= most:
        raise wrong(f"{name} must be a number from 1 to {most}")
    return int(given)
