"""What devices and transports do to messages, in every format in which it can happen."""

import base64
import gzip
import json
import quopri
import zlib
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from models.errors import Poison
from models.formats import FORMATS, MAX_BYTES, Reading, Site, decode_format
from models.formats.reading import MAX_READINGS
from tests.support.messages import NOW

SITE = Site(ZoneInfo("Asia/Shanghai"), "cam-sw-1")
TIME, WORDS = "2026-03-01T16:00:00+08:00", "井盖缺失"
XML = {
    "gb28181": f"""<Notify><CmdType>Alarm</CmdType><SN>1</SN><DeviceID>c</DeviceID><AlarmMethod>5</AlarmMethod>
<AlarmTime>{TIME}</AlarmTime><AlarmDescription>{WORDS}</AlarmDescription></Notify>""",
    "hikvision": f"""<EventNotificationAlert><eventType>VMD</eventType><eventState>active</eventState><channelName>甲
</channelName><dateTime>{TIME}</dateTime><eventDescription>{WORDS}</eventDescription></EventNotificationAlert>""",
    "onvif": f"""<w:NotificationMessage xmlns:w="w" xmlns:t="t"><w:Topic>tns1:RuleEngine/{WORDS}</w:Topic><w:Message>
<t:Message UtcTime="{TIME}"><t:Data><t:SimpleItem Name="State" Value="true"/></t:Data></t:Message></w:Message>
</w:NotificationMessage>""",
}
JSON = {
    "deepstream": f'{{"@timestamp": "{TIME}", "objects": [{{"type": "{WORDS}"}}]}}',
    "metropolis": f'{{"timestamp": "{TIME}", "event": {{"type": "a"}}, "info": {{"scene_summary": "{WORDS}"}}}}',
    "gat1400": f'{{"ThingListObject": {{"ThingObject": [{{"Behavior": "{WORDS}", "PassTime": "{TIME}"}}]}}}}',
    "dahua": f'{{"params": {{"eventList": [{{"Code": "{WORDS}", "Data": {{"RealUTC": {NOW // 1000}}}}}]}}}}',
    "scene": f'{{"timestamp": "{TIME}", "description": "{WORDS}", "labels": ["a"]}}',
    "detections": f'{{"time": "{TIME}", "label": "{WORDS}"}}',
}
MESSAGES = XML | JSON
# A survey is of when it comes in, whatever it says.
EACH = MESSAGES | {"geojson": f'{{"type": "Feature", "geometry": null, "properties": {{"label": "{WORDS}"}}}}'}

HEAD = b"POST /alarm HTTP/1.1\r\nHost: a\r\nContent-Type: application/xml\r\n\r\n"
SIP = b"MESSAGE sip:1@2 SIP/2.0\r\nVia: SIP/2.0/UDP 1.2.3.4\r\nContent-Length: 9\r\n\r\n"
PICTURE = b"--b\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\r\n"
PART = b"--b\r\nContent-Transfer-Encoding: %s\r\n\r\n"
ODDITIES: dict[str, Callable[[str], bytes]] = {
    "as it is": lambda text: text.encode(),
    "packed": lambda text: gzip.compress(text.encode()),
    "packed by zlib": lambda text: zlib.compress(text.encode()),
    "packed in two pieces": lambda text: gzip.compress(text.encode()[:40]) + gzip.compress(text.encode()[40:]),
    "UTF-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16 with a mark": lambda text: text.encode("utf-16"),
    "UTF-16 little": lambda text: text.encode("utf-16-le"),
    "UTF-16 big": lambda text: text.encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
    "GB 18030": lambda text: text.encode("gb18030"),
    "packed UTF-16": lambda text: gzip.compress(text.encode("utf-16")),
    "zeros around it": lambda text: b"\0\0" + text.encode() + b"\0\0",
    "behind the head of a request": lambda text: HEAD + text.encode(),
    "behind the head of a SIP message": lambda text: SIP + text.encode("gb18030"),
    "a head before the first boundary": lambda text: HEAD + PICTURE + b"--b\r\n\r\n" + text.encode() + b"\r\n--b--",
    "a preamble": lambda text: b"This is a message\r\n--b\r\n\r\n" + text.encode() + b"\r\n--b--\r\n",
    "a part in base64": lambda text: PART % b"base64" + base64.encodebytes(text.encode()) + b"--b--\r\n",
    "a quoted part": lambda text: PART % b"quoted-printable" + quopri.encodestring(text.encode()) + b"\r\n--b--",
    "the end of a boundary alone": lambda text: text.encode() + b"\r\n--b--\r\n",
    "junk behind it": lambda text: text.encode() + b"\r\nOK\xff\xfe",
    "a head behind it": lambda text: text.encode() + b"\r\nContent-Length: 5\r\n\r\n",
}


def attempts(name: str, body: bytes, site: Site = SITE) -> list[str]:
    """What came of each detection: its words, or the field that is wrong."""
    found = decode_format(name, body, site)
    return [each.field if isinstance(each, Poison) else words(each) for each in found]


def words(reading: Reading) -> str:
    """The Chinese words of a reading, wherever its format has put them."""
    return reading.detection.text or reading.detection.label


@pytest.mark.parametrize("odd", ODDITIES.values(), ids=ODDITIES.keys())
@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_read_whatever_is_around_it(name: str, odd: Callable[[str], bytes]) -> None:
    """The same words at the same time."""
    [reading] = decode_format(name, odd(MESSAGES[name]), SITE)

    assert isinstance(reading, Reading)
    assert (words(reading), reading.at) == (WORDS, NOW)


SEVERAL = {
    "one behind the other": ("", "", ""),
    "a line each": ("", "\n", "\r\n"),
    "parts": ("--b\r\n\r\n", "\r\n--b\r\n\r\n", "\r\n--b--"),
    "records of JSON text sequences": ("\x1e", "\n\x1e", "\n"),
    "zeros between": ("", "\0", ""),
}


@pytest.mark.parametrize("around", SEVERAL.values(), ids=SEVERAL.keys())
@pytest.mark.parametrize("name", MESSAGES)
def test_several_messages_in_one_body_are_each_read(name: str, around: tuple[str, str, str]) -> None:
    """And a broken one between good ones is what is wrong in its place, and takes no other along."""
    before, between, after = around
    message = MESSAGES[name]
    bad = message.replace(WORDS, "x" * 20_000) if name in ("gb28181", "hikvision", "metropolis") else "<a/>"
    bad = bad if name in XML else json.dumps({"sensorId": 1})

    assert attempts(name, (before + between.join([message, message]) + after).encode()) == [WORDS, WORDS]
    first, second, third = attempts(name, (before + between.join([message, bad, message]) + after).encode())

    assert (first, third) == (WORDS, WORDS)
    assert second != WORDS


@pytest.mark.parametrize("name", JSON)
def test_a_list_of_messages_is_each_of_them(name: str) -> None:
    """Also of none, and with something among them that is no message."""
    message = JSON[name]

    assert attempts(name, f"[{message}, {message}]".encode()) == [WORDS, WORDS]
    assert attempts(name, f"[{message}, 5, {message}]".encode()) == [WORDS, "data", WORDS]
    assert decode_format(name, b"[]", SITE) == ()


AMONG = {
    "deepstream": ('{"objects": [%s]}', '{"type": "a"}', '{"type": "a", "confidence": "high"}', "5", '"1|x"'),
    "dahua": ('{"params": {"eventList": [%s]}}', '{"Code": "a"}', '{"Code": "a", "Data": {"UTC": "now"}}', "5", "{}"),
    "gat1400": (
        '{"ThingListObject": {"ThingObject": [%s]}}', '{"Behavior": "a"}', '{"PassTime": "noon"}', "5", '"x"',
    ),
    "onvif": (
        "<a>%s</a>",
        '<NotificationMessage><Topic>a</Topic><Message UtcTime="2026-03-01T08:00:00Z"/></NotificationMessage>',
        "<NotificationMessage/>",
        '<NotificationMessage><Topic>a</Topic><Message UtcTime="noon"/></NotificationMessage>',
        "<NotificationMessage><Message/></NotificationMessage>",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", AMONG)
def test_a_bad_detection_among_good_ones_takes_none_along(name: str) -> None:
    """Each bad one is named in its place; a message of bad ones alone is bad as a whole."""
    frame, good, *bad = AMONG[name]
    comma = "" if name == "onvif" else ","

    for each in bad:
        found = decode_format(name, (frame % comma.join([good, each, good])).encode(), SITE)
        assert [isinstance(one, Poison) for one in found] == [False, True, False]
        with pytest.raises(Poison):
            decode_format(name, (frame % comma.join([each, each])).encode(), SITE)


EMPTY = [
    *(("deepstream", f'{{"sensorId": "c", "objects": {none}}}') for none in ("[]", "null", "{}")),
    *(("dahua", f'{{"params": {{"eventList": {none}}}}}') for none in ("[]", "null")),
    ("dahua", '{"eventList": []}'),
    *(("gat1400", f'{{"FaceListObject": {none}}}') for none in ("[]", "null", "{}", '{"FaceObject": []}')),
    ("gat1400", '{"FaceListObject": {"FaceObject": null}, "PersonListObject": {"PersonObject": []}}'),
    ("onvif", "<Notify/>"),
    ("gb28181", "<Notify><CmdType>Keepalive</CmdType><SN>1</SN><DeviceID>c</DeviceID><Status>OK</Status></Notify>"),
    ("hikvision", "<EventNotificationAlert><eventType>heartBeat</eventType></EventNotificationAlert>"),
    ("gat1400", '{"KeepaliveObject": {"DeviceID": "33010000001190000001"}}'),
    ("dahua", '{"method": "global.keepAlive", "params": {"timeout": 60}, "id": 7}'),
    *(
        ("onvif", f'<e:Envelope xmlns:e="e"><e:Body><{answer}/></e:Body></e:Envelope>')
        for answer in ("PullMessagesResponse", "RenewResponse", "SubscribeResponse")
    ),
    *(("deepstream", f'{{"objects": {none}}}') for none in ('""', "0", "false")),
    ("gb28181", "<Notify><CmdType>keepalive</CmdType></Notify>"),
    ("dahua", '{"eventList": [{"Code": "HeartBeat", "Action": "Pulse"}]}'),
    ("dahua", "--b\r\nContent-Type: text/plain\r\n\r\nHeartbeat\r\n--b--"),
    *(
        ("gat1400", f'{{"{answer}": {{}}}}')
        for answer in ("RegisterObject", "UnRegisterObject", "ResponseStatusListObject")
    ),
    ("gat1400", '{"SubscribeNotificationListObject": {"SubscribeNotificationObject": [{"Title": "a"}]}}'),
    ("metropolis", '{"category": "collision", "isAnomaly": false}'),
]


@pytest.mark.parametrize(("name", "message"), EMPTY)
def test_a_list_of_nothing_is_no_mistake(name: str, message: str) -> None:
    """It says that nothing goes on, in whichever way the device writes an empty list; so does its heartbeat."""
    assert decode_format(name, message.encode(), SITE) == ()


CONFIDENT = {
    "deepstream": '{"objects": [{"type": "a", "confidence": %s}]}',
    "metropolis": '{"event": {"type": "a"}, "confidence": %s}',
    "hikvision": "<EventNotificationAlert><eventType>a</eventType><detectionConfidence>%s</detectionConfidence>"
    "</EventNotificationAlert>",
}
SHARES = [
    ("99", 0.99), ("0.99", 0.99), ('"0.99"', 0.99), ('"99"', 0.99), ('"99 %"', 0.99), ('"99.0％"', 0.99),
    ('"0.5%"', 0.005), ('"1%"', 0.01), ('"0,99"', 0.99), ("NaN", None), ('"nan"', None), ("Infinity", None),
    ("-1", None), ('"-0.5"', None), ('""', None), ('" 0.99 "', 0.99), ("1.0000001192092896", 1.0),
    ("100.00001", 1.0), ("1e999", None), ('"N/A"', None), ('"null"', None), ('"-"', None), ('"Unknown"', None),
]  # fmt: skip


@pytest.mark.parametrize(("written", "read"), SHARES)
@pytest.mark.parametrize("name", CONFIDENT)
def test_a_confidence_is_read_as_devices_write_it(name: str, written: str, read: float | None) -> None:
    """As a share, as percents with or without their sign, and as none where it is no quantity."""
    given = written.strip('"') if name in XML else written

    [reading] = decode_format(name, (CONFIDENT[name] % given).encode(), SITE)

    assert isinstance(reading, Reading)
    assert reading.detection.confidence == (read if read is None else pytest.approx(read))


@pytest.mark.parametrize("written", ["400", '"high"', "true", "[1]", '"99%%"', f'"1{" " * 20_000}x%y"'])
@pytest.mark.parametrize("name", ["deepstream", "metropolis"])
def test_a_confidence_that_means_nothing_is_refused(name: str, written: str) -> None:
    """The field is named."""
    with pytest.raises(Poison) as caught:
        decode_format(name, (CONFIDENT[name] % written).encode(), SITE)
    assert caught.value.field.endswith("confidence")


TIMES = [
    ("Sun Mar  1 16:00:00 2026", NOW), ("Sun Mar 1 08:00:00 UTC 2026", NOW), ("Sun, 01 Mar 2026 16:00:00 +0800", NOW),
    ("20260301T160000", NOW), ("202603011600", NOW), ("20260301160000000", NOW), ("20260301T080000Z", NOW),
    (str(NOW // 1000), NOW), (str(NOW), NOW), (f"{NOW}000", NOW), (f"{NOW // 1000}.0", NOW),
    ("2026年3月1日 16时00分00秒", NOW), ("2026.3.1 16:00:00", NOW), ("2026-03-01 4:00:00 PM", NOW),
    ("２０２６-03-01 16:00:00", NOW), ("2026-03-01T15:59:60", NOW), ("2026-02-28T24:00:00", NOW - 57_600_000),
    ("2026-03-01T16:00:00:000", NOW), ("1970-01-01T08:00:01", None), ("2000-01-01 00:00:00", None), ("0", None),
    ("9999-12-31T23:59:59", None), ("2026-03-01", None), ("2026-13-01T00:00:00", None), ("2026-03-01 16:00:61", None),
    ("16:00:00", None), ("03/01/2026 16:00", None), (f"{NOW // 1000}.123", NOW + 123), (f"{NOW}.0", NOW),
    ("2026-03-01T16:00:00UTC+8", NOW), ("2026-03-01 16:00:00 GMT+08:00", NOW), ("2026-03-01T16:00:00.", NOW),
    ("2026-03-01T16:00:00+08:00[Asia/Shanghai]", NOW), ("2026-03-01T08:00:00.Z", NOW), ("N/A", None), ("null", None),
    ("2026-03-01T16:00:00+080", None), ("Sun, 01 Mar 2026 15:59:60 +0800", NOW), ("Sun Mar  1 15:59:60 2026", NOW),
    # No time that is written like this is ever found to be none by trying: it is too long.
    (f"2026-03-01T16:00:0{' ' * 100_000}0", None), ("1 " * 100_000 + "1", None),
]  # fmt: skip
TIMED = [name for name in MESSAGES if name not in ("dahua", "onvif")]  # of seconds alone, and in UTC


@pytest.mark.parametrize(("written", "read"), TIMES)
@pytest.mark.parametrize("name", TIMED)
def test_a_time_is_read_as_devices_write_it(name: str, written: str, read: int | None) -> None:
    """In every format alike; what is garbled or of a clock that was never set says less than the time of receipt."""
    [reading] = decode_format(name, MESSAGES[name].replace(TIME, written).encode(), SITE)

    assert isinstance(reading, Reading)
    assert reading.at == read


UNCLEAN = {
    "a control character by its number": ("gb28181", WORDS + "&#1;&#x1f;", WORDS),
    "less than": ("hikvision", "wider than <3 m", "wider than <3 m"),
    "hyphens in a comment": ("gb28181", WORDS + "<!-- a -- b -->", WORDS),
    "a backslash": ("metropolis", "C:\\new\\pit", "C:\new\\pit"),
}


@pytest.mark.parametrize(("name", "written", "read"), UNCLEAN.values(), ids=UNCLEAN.keys())
def test_what_devices_write_into_a_document_costs_no_alarm(name: str, written: str, read: str) -> None:
    """It would be none for a strict reader."""
    assert attempts(name, MESSAGES[name].replace(WORDS, written).encode()) == [read]


@pytest.mark.parametrize("name", JSON)
def test_a_comma_behind_the_last_one_is_none(name: str) -> None:
    """As scripts write lists."""
    assert attempts(name, (JSON[name][:-1] + ",}").encode()) == [WORDS]


@pytest.mark.parametrize("name", ["gb28181", "hikvision", "onvif"])
def test_two_declarations_are_as_good_as_one(name: str) -> None:
    """A bridge puts its own in front."""
    assert attempts(name, ('<?xml version="1.0"?><?xml version="1.0"?>' + XML[name]).encode()) == [WORDS]


@pytest.mark.parametrize("declared", ["unknown", "x-gbk", "ISO-8859-1", "big5"])
@pytest.mark.parametrize("name", XML)
def test_utf_8_is_read_whatever_else_is_declared(name: str, declared: str) -> None:
    """Hardly anything else is UTF-8 by chance."""
    declaration = f'<?xml version="1.0" encoding="{declared}"?>'

    assert attempts(name, (declaration + XML[name]).encode()) == [WORDS]


@pytest.mark.parametrize(("declared", "written"), [("x-gbk", "gb18030"), ("unknown", "gb18030"), ("Big5", "big5")])
def test_an_encoding_that_is_none_is_gb_18030_and_another_one_is_itself(declared: str, written: str) -> None:
    """Where the bytes are no UTF-8."""
    message = XML["gb28181"].replace(WORDS, "路面有坑")

    found = attempts("gb28181", f'<?xml version="1.0" encoding="{declared}"?>{message}'.encode(written))

    assert found == ["路面有坑"]


@pytest.mark.parametrize("name", ["gb28181", "hikvision", "metropolis"])
def test_xml_and_json_that_is_nearly_well_formed_is_read(name: str) -> None:
    """Ampersands as they are, control characters, prefixes that nobody has bound."""
    message = MESSAGES[name].replace(WORDS, "A & B\x07")
    message = message.replace("<", "<v:").replace("<v:/", "</v:") if name in XML else message

    [found] = attempts(name, message.encode())

    assert found.replace("\x07", "") == "A & B"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("name", ["gb28181", "hikvision", "metropolis", "dahua"])
def test_a_text_that_a_device_has_cut_within_a_character_is_read(name: str, encoding: str) -> None:
    """Its buffer was full: the words before are kept."""
    whole = MESSAGES[name].encode(encoding)
    cut = whole.replace(WORDS.encode(encoding), WORDS.encode(encoding)[:-1])

    [found] = attempts(name, cut)

    assert found.startswith(WORDS[:-1])


BOMBS = {
    "packed": gzip.compress(b" " * (MAX_BYTES + 1)),
    "packed in pieces": gzip.compress(b" " * 1_000_000) * 3,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
@pytest.mark.parametrize("name", FORMATS)
def test_a_packed_message_is_never_longer_than_a_record(name: str, bomb: bytes) -> None:
    """Two kilobytes that unpack to gigabytes are refused as soon as they are too long."""
    with pytest.raises(Poison) as caught:
        decode_format(name, bomb, SITE)
    assert caught.value.error == "too-large"


@pytest.mark.parametrize("name", FORMATS)
def test_a_packed_message_that_is_cut_is_refused(name: str) -> None:
    """It says so."""
    with pytest.raises(Poison, match="gzip"):
        decode_format(name, gzip.compress(EACH[name].encode())[:-9], SITE)


@pytest.mark.parametrize("name", FORMATS)
def test_more_messages_than_a_body_may_hold_are_refused(name: str) -> None:
    """A thousand, however small they are."""
    with pytest.raises(Poison) as caught:
        decode_format(name, EACH[name].encode() * (MAX_READINGS + 1), SITE)
    assert caught.value.error == "too-complex"


ONVIF = """<NotificationMessage><Topic>Relay</Topic><Message UtcTime="2026-03-01T08:00:00Z"
PropertyOperation="{0}"><Data><SimpleItem Name="{1}" Value="{2}"/></Data></Message></NotificationMessage>"""
OVER = [
    *(("hikvision", f"<EventNotificationAlert><eventType>a</eventType><eventState>{state}</eventState>"
       "</EventNotificationAlert>")
      for state in ("inactive", "Inactive", "false", "0", "stop", "off", "closed", "normal", "ended", "no")),
    *(("onvif", ONVIF.format("Changed", name, value)) for name, value in (
        ("LogicalState", "inactive"), ("LogicalState", "0"), ("State", "False"), ("IsMotion", "false"),
        ("Failed", "off"), ("Failed", "0"), ("Critical", "no"), ("State", "idle"))),
    ("onvif", ONVIF.format("Deleted", "State", "true")),
    *(("dahua", f'{{"eventList": [{{"Code": "a", "Action": "{action}"}}]}}')
      for action in ("Stop", "stop", "Off", "Inactive")),
    *(("deepstream", f'{{"object": {{}}, "event": {{"type": "{kind}"}}}}') for kind in ("exit", "end")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "message"), OVER)
def test_that_something_is_over_is_understood_as_devices_say_it(name: str, message: str) -> None:
    """It ends what is open and opens nothing."""
    [reading] = decode_format(name, message.encode(), SITE)

    assert isinstance(reading, Reading)
    assert reading.detection.phase == "end"


@pytest.mark.parametrize("name", ["LogicalState", "Failed", "Critical"])
@pytest.mark.parametrize("value", ["false", "0", "inactive", "off", "No", "normal", "idle"])
def test_a_state_that_begins_as_it_should_be_is_no_detection(value: str, name: str) -> None:
    """A device tells all of its states when somebody begins to listen."""
    assert decode_format("onvif", ONVIF.format("Initialized", name, value).encode(), SITE) == ()


def test_the_number_of_an_object_is_no_state() -> None:
    """Object 0 crosses a line: that something goes on."""
    [reading] = decode_format("onvif", ONVIF.format("Initialized", "ObjectId", "0").encode(), SITE)

    assert isinstance(reading, Reading)
    assert reading.detection.phase == "start"


WHERE = {
    "gb28181": "<Notify><CmdType>Alarm</CmdType><AlarmMethod>5</AlarmMethod><Latitude>%s</Latitude>"
    "<Longitude>%s</Longitude></Notify>",
    "deepstream": '{"object": {"id": 1}, "event": {"type": "a"}, "sensor": {"location": {"lat": "%s", "lon": "%s"}}}',
    "metropolis": '{"event": {"type": "a"}, "place": {"location": {"lat": "%s", "lon": "%s"}}}',
}


@pytest.mark.parametrize(
    ("lat", "lon"), [("30.59N", "114.28E"), ("NaN", "1"), ("", "114"), ("30590000", "114280000"), ("unknown", "?")]
)
@pytest.mark.parametrize("name", WHERE)
def test_a_place_that_cannot_be_read_costs_no_alarm(name: str, lat: str, lon: str) -> None:
    """The registry knows where the camera stands."""
    [reading] = decode_format(name, (WHERE[name] % (lat, lon)).encode(), SITE)

    assert isinstance(reading, Reading)
    assert reading.detection.location is None


BOXES = {
    "deepstream": '{"objects": [{"type": "a", "bbox": {"topleftx": %s, "toplefty": 2, '
    '"bottomrightx": 3, "bottomrighty": 4}}]}',
    "dahua": '{"eventList": [{"Code": "a", "Data": {"Object": {"BoundingBox": [%s, 2, 3, 4]}}}]}',
    "gat1400": '{"FaceListObject": {"FaceObject": {"LeftTopX": %s, "LeftTopY": 2, "RightBtmX": 3, "RightBtmY": 4}}}',
}


@pytest.mark.parametrize(
    ("edge", "read"),
    [
        ("1", (1.0, 2.0, 3.0, 4.0)),
        ('"1"', (1.0, 2.0, 3.0, 4.0)),
        ("null", None),
        ("NaN", None),
        ('"x"', None),
        ("13812345678", None),
    ],
)
@pytest.mark.parametrize("name", BOXES)
def test_a_box_that_cannot_be_read_costs_no_alarm(name: str, edge: str, read: tuple[float, ...] | None) -> None:
    """It is left out."""
    [reading] = decode_format(name, (BOXES[name] % edge).encode(), SITE)

    assert isinstance(reading, Reading)
    assert reading.detection.bbox == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (str(NOW // 1000), NOW), (f'"{NOW // 1000}"', NOW), (f"{NOW // 1000}.0", NOW), (str(NOW), NOW),
        ('"2026-03-01 16:00:00"', NOW), ("0", None), ("-1", None), ("null", None), ("1e30", None),
    ],
)  # fmt: skip
def test_dahua_s_seconds_are_read_as_devices_write_them(written: str, read: int | None) -> None:
    """As a number, as text, as milliseconds, as a date."""
    message = f'{{"eventList": [{{"Code": "a", "Data": {{"RealUTC": {written}}}}}]}}'

    [reading] = decode_format("dahua", message.encode(), SITE)

    assert isinstance(reading, Reading)
    assert reading.at == read


@pytest.mark.parametrize("name", JSON)
def test_zeros_with_which_a_device_fills_its_buffers_are_no_part_of_a_text(name: str) -> None:
    """In XML they could not even stand."""
    assert attempts(name, JSON[name].replace(WORDS, WORDS + "\\u0000\\u0000").encode()) == [WORDS]


ALERT = {"ipAddress": "10.0.0.9", "channelID": 1, "dateTime": TIME, "eventType": "VMD", "eventState": "active"}


@pytest.mark.parametrize("alert", [ALERT, {"EventNotificationAlert": ALERT}, ALERT | {"Target": [{"targetID": 4}]}])
def test_an_alert_of_hikvision_is_read_in_json_as_well(alert: dict[str, object]) -> None:
    """Newer devices send the same fields so."""
    [reading] = decode_format("hikvision", json.dumps(alert).encode(), Site(SITE.zone))

    assert isinstance(reading, Reading)
    assert (reading.detection.camera_id, reading.detection.label, reading.detection.phase, reading.at) == (
        "10.0.0.9:1", "VMD", "start", NOW,
    )  # fmt: skip


@pytest.mark.parametrize("around", ["<e:Envelope xmlns:e='e'><e:Body>%s</e:Body></e:Envelope>", "<List>%s</List>"])
def test_an_alert_of_hikvision_is_found_within_what_a_bridge_puts_around_it(around: str) -> None:
    """Also more than one."""
    assert attempts("hikvision", (around % XML["hikvision"]).encode()) == [WORDS]
    assert attempts("hikvision", (around % (XML["hikvision"] * 2)).encode()) == [WORDS, WORDS]


EVENT_MANAGER = (
    "--b\r\nContent-Type: text/plain\r\n\r\nHeartbeat\r\n"
    "--b\r\nContent-Type: text/plain\r\n\r\n"
    'Code=CrossLine;action=Start;index=0;data={\n  "Object": {"ObjectID": 5}\n}\r\n'
    "--b\r\nContent-Type: text/plain\r\n\r\nCode=VideoMotion;action=Stop;index=0\r\n--b--\r\n"
)


def test_the_lines_of_dahua_s_event_manager_are_events() -> None:
    """`eventManager.cgi` sends them as parts of text; a bridge may take the parts apart."""
    found = decode_format("dahua", EVENT_MANAGER.encode(), SITE)
    alone = decode_format("dahua", b"Code=VideoMotion;action=Stop;index=0", SITE)

    said = [
        (one.detection.label, one.detection.phase, one.detection.object_id) for one in found if isinstance(one, Reading)
    ]
    assert said == [("CrossLine", "start", "5"), ("VideoMotion", "end", "")]
    assert alone == found[1:]


@pytest.mark.parametrize(
    "message",
    [
        {"SubscribeNotificationListObject": {"SubscribeNotificationObject": [
            {"NotificationID": "1", "ThingObjectList": {"ThingObject": [{"Behavior": WORDS}]}}]}},
        {"ThingObject": {"Behavior": WORDS}},
        {"ThingObject": [{"Behavior": WORDS}]},
    ],
)  # fmt: skip
def test_objects_of_gat_1400_are_read_as_a_subscriber_gets_them(message: dict[str, object]) -> None:
    """In a notification, and alone."""
    assert attempts("gat1400", json.dumps(message).encode()) == [WORDS]


@pytest.mark.parametrize(("written", "read"), [("0.9", 0.9), ("255", 1.0), ("256", 1.0), ("51", 0.2), ("0", None)])
def test_dahua_s_confidence_is_of_255_or_a_share(written: str, read: float | None) -> None:
    """What lies below 1 cannot be of 255."""
    event = f'{{"eventList": [{{"Code": "a", "Data": {{"Object": {{"Confidence": {written}}}}}}}]}}'

    [reading] = decode_format("dahua", event.encode(), SITE)

    assert isinstance(reading, Reading)
    assert reading.detection.confidence == read


@pytest.mark.parametrize(("method", "kind"), [("05", "03"), ("5.0", "3"), ("５", "３")])
def test_a_number_of_gb_28181_is_read_as_devices_write_it(method: str, kind: str) -> None:
    """The same row of the standard's tables."""
    message = (
        f"<Notify><CmdType>ALARM</CmdType><AlarmMethod>{method}</AlarmMethod><AlarmType>{kind}</AlarmType></Notify>"
    )

    [reading] = decode_format("gb28181", message.encode(), SITE)

    assert isinstance(reading, Reading)
    assert (reading.detection.label, reading.detection.algorithm) == ("left-object", "alarm-method-5")


@pytest.mark.parametrize(("line", "read"), [("1|0|0|9|9|car|#|sedan|Audi|0.8", 0.8), ("1|0|0|9|9|car|#|red|-0.1", None),
                                            ("1|0|0|9|9|car", None)])  # fmt: skip
def test_a_line_of_deepstream_ends_with_how_sure_its_models_are(line: str, read: float | None) -> None:
    """Behind what the secondary models say."""
    [reading] = decode_format("deepstream", json.dumps({"objects": [line]}).encode(), SITE)

    assert isinstance(reading, Reading)
    assert reading.detection.confidence == read


@pytest.mark.parametrize("value", ["true", '"true"', "1", '"Active"'])
def test_a_rule_of_deepstream_that_has_triggered_is_a_detection(value: str) -> None:
    """In whichever way the device writes that."""
    message = f'{{"objects": [], "analytics": {{"overcrowding": {{"triggered": {value}}}, "a": {{"triggered": 0}}}}}}'

    [reading] = decode_format("deepstream", message.encode(), SITE)

    assert isinstance(reading, Reading)
    assert reading.detection.label == "overcrowding"


def test_what_unpacks_to_a_hundred_times_its_length_is_refused() -> None:
    """It was made to; a little that says the same over and over is read."""
    message = MESSAGES["metropolis"]

    with pytest.raises(Poison, match="once it is unpacked"):
        decode_format("metropolis", gzip.compress((message + " " * 500_000).encode()), SITE)

    assert attempts("metropolis", gzip.compress((message + " " * 50_000).encode())) == [WORDS]
