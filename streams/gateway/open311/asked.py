"""What clients of GeoReport v2 ask: query parameters as a search, form fields as a report."""

import math
from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec
from fastapi import Request

from models.city import City
from models.times import DAY_MS, from_text, now_ms
from streams.gateway.http.problems import Problem

MOST_DAYS = 90
MOST_IDS = 50
_PAGE_SIZE, _MOST_PAGE_SIZE, _MOST_PAGES = 50, 200, 20
_MOST_DIGITS = 9
_FORM = "application/x-www-form-urlencoded"
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
    if unknown := [code for code in codes if code not in city.categories]:
        raise wrong(f"there is no service {unknown[0][:60]}")
    statuses = _words(asked.get("status", ""))
    if not set(statuses) <= set(_STATUSES):
        raise wrong("status must be open, closed or both")
    now = now_ms()
    until, since = _moment(asked, "end_date"), _moment(asked, "start_date")
    if until is None:
        until = now if since is None else min(now, since + MOST_DAYS * DAY_MS)
    if since is None:
        since = until - MOST_DAYS * DAY_MS
    if until - since > MOST_DAYS * DAY_MS:
        raise wrong(f"start_date and end_date may not span more than {MOST_DAYS} days")
    size = _number(asked, "page_size", _PAGE_SIZE, _MOST_PAGE_SIZE)
    page = _number(asked, "page", 1, _MOST_PAGES)
    ids = _words(asked.get("service_request_id", ""))
    if len(ids) > MOST_IDS:
        raise wrong(f"at most {MOST_IDS} service_request_id at once")
    states = ",".join(_STATUSES[each] for each in statuses)
    return Search(ids, codes, states, since, until, (page - 1) * size, size)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form, the last of a name. Raises Problem (415, 400)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise Problem(415, "unsupported-media-type", f"content-type must be {_FORM}; pictures go by media_url")
    try:
        return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=200))
    except (UnicodeDecodeError, ValueError):
        raise wrong("the form must be UTF-8 with at most 200 fields") from None


def report_of(form: Mapping[str, str], city: City) -> dict[str, object]:
    """The data of the report that a form stands for. Raises Problem (400) for what the standard asks for."""
    code = form.get("service_code", "")
    if not code:
        raise wrong("service_code was not provided")
    category = city.categories.get(code)
    if category is None:
        raise wrong(f"there is no service {code[:60]}", 404)
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
    who = next((form[key] for key in ("account_id", "email", "device_id") if form.get(key)), "")
    return {
        "text": form.get("description", "") or category.name_zh,
        "category": code,
        "channel": "open311",
        "location": location,
        "reporter": {"id": who, "name": name, "phone": form.get("phone", "")},
        "media_urls": [form["media_url"]] if form.get("media_url") else [],
    }


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
