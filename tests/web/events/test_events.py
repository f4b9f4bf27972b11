"""What is wrong with an event is said at once: field and rule, as an RFC 9457 problem document."""

from pathlib import Path
from typing import Any

import pytest

from models.city import City
from models.envelope import Event, to_binary
from models.events import UPDATE
from models.times import MINUTE_MS
from streams.gateway.events.event_writer import EventWriter
from streams.gateway.routes import receiving
from streams.intake.batch import take_in
from streams.intake.drafts import Keys
from tests.support.messages import NOW, raw
from tests.support.tokens import one_of_each
from tests.support.web.schemas import resolved
from tests.web.conftest import Open

JSON = {"content-type": "application/json"}
ORDER = "gulou-20260301-aaaaaaaaaa"
ACCEPT = {"action": "accept", "by": {"department": "roads"}}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "body", "field", "kind"),
    [
        ("/reports", b"{}", "text", "invalid"),
        ("/reports", b'{"text": "  "}', "text", "invalid"),
        ("/reports", b'{"text": 5}', "text", "invalid"),
        ("/reports", b'{"text": "a\\u0000b"}', "text", "invalid"),
        ("/reports", b"not json", "data", "not-json"),
        ("/reports", b'{"text": "\xff"}', "data", "not-utf-8"),
        ("/reports", b"[]", "data", "invalid"),
        ("/detections", b"[]", "data", "invalid"),
        (
            "/reports",
            b'{"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": {"text": "x"}}',
            "content-type",
            "invalid",
        ),
        ("/reports", b'{"text": "x", "location": {"lat": 91, "lon": 0}}', "location.lat", "invalid"),
        ("/reports", b'{"text": "x", "location": {"lat": 30}}', "location", "invalid"),
        ("/detections", b'{"camera_id": "c"}', "label", "invalid"),
        ("/detections", b'{"camera_id": "nowhere-1", "label": "litter"}', "camera_id", "unknown-camera"),
        (
            "/measurements",
            b'{"sensor_id": "nowhere-1", "quantity": "gas", "value": 2, "threshold": 1}',
            "sensor_id",
            "unknown-camera",
        ),
        (f"/orders/{ORDER}/updates", b'{"action": "fly", "by": {"role": "pilot"}}', "action", "invalid"),
        (f"/orders/{ORDER}/updates", b'{"action": "accept"}', "by", "invalid"),
        (f"/orders/{ORDER}/updates", b"5", "data", "invalid"),
        ("/orders/nonsense/updates", b'{"action": "accept", "by": {"department": "roads"}}', "order_id", "invalid"),
    ],
)
async def test_a_broken_contract_names_field_and_rule(
    gateway: Open, path: str, body: bytes, field: str, kind: str
) -> None:
    """422; the document never repeats what the field held."""
    async with gateway() as client:
        answer = await client.post(path, content=body, headers=JSON)
    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["field"], problem["type"]) == (field, f"urn:paidan:problem:{kind}")
    assert problem["status"] == 422
    assert problem["rule"]


async def test_a_gateway_whose_clock_is_wrong_dates_nothing(
    gateway: Open, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a client does not date is of when Kafka takes it in: a clock ten minutes ahead makes it no dead letter."""
    written: list[tuple[bytes, list[tuple[str, bytes]]]] = []

    async def write(_: EventWriter, topic: str, key: str, event: Event, more: object = ()) -> None:
        headers, value = to_binary(event)
        written.append((value, headers))

    monkeypatch.setattr(EventWriter, "write", write)
    monkeypatch.setattr(receiving, "now_ms", lambda: NOW + 10 * MINUTE_MS)
    async with gateway() as client:
        answer = await client.post("/reports", json={"text": "井盖缺失"})

    [(value, headers)] = written
    taken = take_in([raw(value, headers, timestamp=NOW)], city, None, NOW, Keys(b"k"))
    assert answer.status_code == 202
    assert "ce_time" not in dict(headers)
    assert taken.dead == []
    assert [item.at for items in taken.items.values() for item in items] == [NOW]


async def test_an_update_may_not_name_another_order(gateway: Open) -> None:
    """The address decides; data that say otherwise are a mistake."""
    async with gateway() as client:
        body = ACCEPT | {"order_id": ORDER.replace("a", "b")}
        answer = await client.post(f"/orders/{ORDER}/updates", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, "order_id")


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"ce-time": "yesterday"}, "ce-time"),
        ({"ce-time": "2099-01-01T00:00:00Z"}, "ce_time"),
        ({"ce-id": "x" * 300}, "ce-id"),
    ],
)
async def test_wrong_attributes_are_named(gateway: Open, headers: dict[str, str], field: str) -> None:
    """Event time and identity are checked like the data."""
    async with gateway() as client:
        answer = await client.post("/reports", json={"text": "x"}, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_a_structured_event_of_another_type_is_refused(gateway: Open) -> None:
    """An update sent to /reports is no report."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": "1",
        "source": "s",
        "type": UPDATE,
        "data": ACCEPT,
    }
    async with gateway() as client:
        answer = await client.post("/reports", json=event, headers={"content-type": "application/cloudevents+json"})
    assert (answer.status_code, answer.json()["field"]) == (422, "type")


async def test_a_vendor_format_that_is_unknown_is_named(gateway: Open) -> None:
    """The formats that are known are in the sentence."""
    async with gateway() as client:
        answer = await client.post("/detections?format=abacus", content=b"<x/>")
    assert answer.status_code == 422
    assert "hikvision" in answer.json()["detail"]


async def test_a_preference_without_seconds_is_refused(gateway: Open) -> None:
    """`Prefer: wait` needs a number."""
    async with gateway() as client:
        answer = await client.post("/reports", json={"text": "x"}, headers={"prefer": "wait=soon"})
    assert (answer.status_code, answer.json()["field"]) == (400, "Prefer")


async def test_the_documentation_shows_the_contracts(gateway: Open) -> None:
    """The OpenAPI document describes the bodies, and every route has a summary."""
    async with gateway() as client:
        described = (await client.get("/openapi.json")).json()
    body = described["paths"]["/reports"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "text" in resolved(body["$ref"], described)["required"]
    assert all(way.get("summary") for path in described["paths"].values() for way in path.values())


@pytest.mark.parametrize(
    ("method", "path", "detail"),
    [
        ("POST", "/reports", "text 缺失"),
        ("GET", "/orders?area=nowhere", "area 必须是本市的区域"),
        ("GET", "/orders?depatment=roads", "depatment：参数必须是以下之一"),
        ("GET", "/status", "目前没有任何数据分区应答"),
        ("GET", "/page/nothing.js", "没有这个文件"),
        ("GET", "/nowhere", "未找到"),
    ],
)
async def test_who_asks_for_chinese_is_told_in_chinese(gateway: Open, method: str, path: str, detail: str) -> None:
    """What is for people is in the language that weighs most; what is for programs stays, and so does the answer."""
    async with gateway() as client:
        english = await client.request(method, path, headers=JSON, content=b"{}")
        chinese = await client.request(
            method, path, headers=JSON | {"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}, content=b"{}"
        )

    told, problem = english.json(), chinese.json()
    assert problem["detail"].startswith(detail)
    assert (chinese.headers["content-language"], english.headers["content-language"]) == ("zh", "en")
    assert chinese.headers["vary"] == english.headers["vary"] == "Accept-Language"
    assert int(chinese.headers["content-length"]) == len(chinese.content)
    assert [(name, problem[name]) for name in ("type", "status")] == [(name, told[name]) for name in ("type", "status")]
    assert problem["title"] != told["title"]


@pytest.mark.parametrize(
    ("path", "field", "rule", "chinese"),
    [
        ("/orders?limit=0", "limit", "must be at least 1", "不得小于 1"),
        ("/orders?limit=x", "limit", "must be a whole number", "必须是整数"),
        ("/orders?limit=5&limit=6", "limit", "must be given once", "只能给出一次"),
        ("/orders?below=maybe", "below", "must be true or false", "必须是 true 或 false"),
        ("/orders?unit=" + "u" * 257, "unit", "must have at most 256 characters", "最多 256 个字符"),
        ("/reports/r-1", "source", "is missing", "缺失"),
        ("/prefill?lat=91&lon=1", "lat", "must be at most 90", "不得超过 90"),
        ("/silences?state=no", "state", "must be one of 'awaiting-approval', 'pending', 'active', 'expired'",
         "必须是以下之一：'awaiting-approval', 'pending', 'active', 'expired'"),
        ("/open/figures?month=2999-01", "month", "must be a month that is over", "必须是已结束的月份"),
    ],
)  # fmt: skip
async def test_a_parameter_of_the_wrong_kind_is_named_with_its_rule_in_either_language(
    gateway: Open, path: str, field: str, rule: str, chinese: str
) -> None:
    """The field is the parameter as it was asked, the rule one of the project's own."""
    async with gateway(gateway_open_figures=True) as client:
        told = (await client.get(path)).json()
        in_chinese = (await client.get(path, headers={"accept-language": "zh"})).json()

    assert (told["status"], told["field"], told["rule"]) == (422, field, rule)
    assert (in_chinese["field"], in_chinese["rule"]) == (field, chinese)


async def test_without_a_token_the_answer_is_in_chinese_too(gateway: Open, tmp_path: Path) -> None:
    """Also what is answered before any route is asked."""
    async with gateway(gateway_tokens_file=one_of_each(tmp_path / "t")) as client:
        answer = await client.get("/orders", headers={"accept-language": "zh"})

    assert (answer.status_code, answer.json()["title"]) == (401, "未经认证")
