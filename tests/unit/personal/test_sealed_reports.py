"""Sealed reports on their way through intake and desk, without Kafka: who has the words, what becomes of the keys."""

import base64
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from aiokafka import ConsumerRecord, TopicPartition
from msgspec.structs import replace

from dispatcher.order import facts
from dispatcher.order.final_label import classified_text
from dispatcher.order.folds.apply import apply
from dispatcher.order.lifecycle import TABLE, Transition
from dispatcher.order.row import Order
from dispatcher.partition import row_keys
from models.city import City
from models.envelope import Event, event_type
from models.events import NOTICE, RECHECKED, Evidence
from models.guess import Guess
from models.inbox import Actor, Sighting, decode_items, encode_items
from models.redact import reporter_hash
from models.sealed_words import ERASED, CityKey, SealError
from streams.control.models_in_force import LiveModels
from streams.control.packs import Packs
from streams.desk import processor
from streams.desk.processor import DeskProcessor
from streams.erasure.erasing import Whose
from streams.erasure.report_keys import Erasure, ReportKeys
from streams.erasure.sealer import sealer_of
from streams.gateway.orders.order_document import line
from streams.intake.drafts import Keys
from streams.intake.processor import IntakeProcessor
from streams.kafka.log_reading import FollowedLog
from streams.kafka.sending import Send
from streams.kafka.topics import Names
from streams.notify.role import in_the_clear
from streams.settings import load_settings
from streams.stage.same_time import SameTime
from streams.tables.protocol import Brief, shortened
from tests.support.desks import DAY, MINUTE, T0, guess, quiet_city
from tests.support.messages import detection, report, update
from tests.support.messages import record as message
from tests.support.one_city import one_city

SECRET = bytes(range(32))
NAMES = Names("t")
CITIZEN = "13700137000"
CITY = quiet_city("judged_share = 1.0\n", **{"citizens.csv": f"id,areas\n{reporter_hash(b'k', CITIZEN)},*\n"})
PARTS = [TopicPartition(NAMES.report_keys, number) for number in range(4)]
TEXT, TITLE = "梧桐路12号门口路面塌陷", "路面塌陷"
PICTURES = ("https://media.example/hole.jpg", "https://media.example/red-house.jpg")


class OnePack(dict[str, City]):
    """The packs of a city that has had one."""

    own, first = CITY, CITY.digest

    async def awaited(self, digests: Iterable[str]) -> dict[str, City]:
        """It is there."""
        return {digest: self[digest] for digest in digests}


class Sure:
    """A model that is sure, and says by which pieces of the text."""

    def classify(self, texts: Sequence[str], contexts: Any = None) -> list[Guess]:
        """The same for every text."""
        return [guess("pothole", terms=((text, 1.0),)) for text in texts]


class NothingNew(SimpleNamespace):
    """A consumer of a topic in which nothing is written."""

    async def end_offsets(self, parts: Any) -> dict[Any, int]:
        """No partition."""
        return {}


def nothing_new(*parts: TopicPartition) -> FollowedLog:
    """Partitions in which nothing is written."""
    nothing = cast(Any, NothingNew())
    return FollowedLog(nothing, nothing, parts)


def record(send: Send, offset: int = 0, at: int = T0) -> ConsumerRecord:
    """What was sent, as it is read."""
    size = len(send.value or b"")
    return ConsumerRecord(send.topic, 0, offset, at, 0, send.key, send.value, None, 0, size, tuple(send.headers))


class Road:
    """Intake and desk behind one another, and the keys as readers have them; contacts are kept under `contact_key`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, contact_key: str = "") -> None:
        monkeypatch.setattr(processor, "now_ms", lambda: T0)
        settings = load_settings(namespace="t", partitions=4, words_key=base64.urlsafe_b64encode(SECRET).decode())
        models = cast(LiveModels, SimpleNamespace(active=Sure(), shadow=None))
        self.keys = ReportKeys(nothing_new(*PARTS), CityKey(SECRET))
        same_time = SameTime(5 * MINUTE)
        self.intake = IntakeProcessor(
            NAMES, one_city(CITY), models, Keys(b"k", contact_key), 4, same_time, sealer=sealer_of(settings)
        )
        packs = cast(Packs, OnePack({CITY.digest: CITY}))
        self.desk = DeskProcessor(NAMES, 0, 1, packs, same_time, self.keys)
        self.sent: list[Send] = []
        self._inbox = 0

    async def send(self, *records: Any) -> list[Send]:
        """Take reports in and decide on them; what that sends."""
        came = (await self.intake.decide(list(records))).sends
        self.keys.take(record(send) for send in came if send.topic == NAMES.report_keys)
        inbox = [send for send in came if send.topic == NAMES.inbox]
        outcome = await self.desk.decide([record(send, self._inbox + n) for n, send in enumerate(inbox)])
        self._inbox += len(inbox)
        self.desk.settle(outcome)
        self.keys.take(record(send) for send in outcome.sends if send.topic == NAMES.report_keys)
        sent = [*came, *outcome.sends]
        self.sent += sent
        return sent


@pytest.fixture
def road(monkeypatch: pytest.MonkeyPatch) -> Road:
    """A city that seals."""
    return Road(monkeypatch)


def of(sent: list[Send], topic: str) -> list[bytes]:
    """The values that went to a topic, or to those that begin so."""
    return [send.value or b"" for send in sent if send.topic.startswith(topic)]


async def test_only_departments_get_the_words_in_the_clear(road: Road) -> None:
    """Inbox, facts and rows hold them sealed, and the addresses of the pictures as well; who has the keys opens them,
    who has not reads that they were erased."""
    sent = await road.send(report(TEXT, title=TITLE, media_urls=PICTURES, event={"id": "1"}))

    for said in (TEXT, *PICTURES):
        clear = [send.topic for send in sent if said.encode() in (send.value or b"")]
        assert clear
        assert all(topic.startswith(NAMES.assignments("")) for topic in clear)
    assignment, *_ = of(sent, NAMES.assignments(""))
    assert msgspec.json.decode(assignment)["title"] == TITLE
    assert msgspec.json.decode(assignment)["evidence"][0]["media_urls"] == list(PICTURES)
    assert b"gist" not in assignment
    [opened] = [value for value in of(sent, NAMES.orders) if b"evidence" in value]
    assert TEXT.encode() in road.keys.opened(opened)
    assert msgspec.json.decode(road.keys.opened(opened))["evidence"]["media_urls"] == list(PICTURES)
    [send] = [send for send in sent if send.topic == NAMES.report_keys]
    road.keys.take([record(Send(send.topic, send.key, msgspec.json.encode(Erasure(T0, "clerk", "asked for"))))])
    evidence = msgspec.json.decode(road.keys.opened(opened))["evidence"]
    assert (evidence["text"], evidence["media_urls"]) == (ERASED, [ERASED, ERASED])


AGAIN = "还是这样，请找红房子旁边的老宋"


def by_reporter(action: str, name: str, **more: Any) -> Any:
    """A step of the reporter's, who sends words and pictures with it."""
    said = {"by": {"role": "reporter", "id": "13812345678"}, "evidence_urls": PICTURES, "reason": AGAIN}
    return update(action, event={"id": name}, **said | more)


async def test_what_a_reporter_sends_later_is_sealed_too(road: Road) -> None:
    """Its key is one of the order's, which erasing the order or the reporter takes; no key is left of a step that was
    refused."""
    first = await road.send(report(TEXT, reporter={"id": "13812345678"}, event={"id": "1"}))
    order_id = folded(first).id

    later = await road.send(by_reporter("comment", "u-1", order_id=order_id))
    refused = await road.send(by_reporter("comment", "u-2", order_id=order_id, attempt=9))

    made, anew, gone = (send for send in (*later, *refused) if send.topic == NAMES.report_keys)
    assert (anew.key, gone.value) == (gone.key, None)
    for said in (AGAIN, PICTURES[0]):
        assert [send for send in (*later, *refused) if said.encode() in (send.value or b"")] == []
    order = folded(road.sent)
    assert order.sealed_under[1:] == (name_of(made),)
    last = as_learnt(road.keys, road.sent).timeline[-1]
    assert (last.note, last.evidence_urls) == (AGAIN, PICTURES)
    [fact] = [fact for fact in facts_of(later) if isinstance(fact, facts.Commented)]
    assert Whose(order_id=order_id).means(fact)
    assert Whose(reporter=order.reporters[0]).means(fact)
    assert not Whose(reporter="another").means(fact)


OFFICER = {"department": "roads", "id": "zhao"}
STEPS_BEFORE = {"closed": ("accept", "handle", "check-pass"), "handled": ("accept", "handle"), "assigned": ()}
CAN_WRITE = [row for row in TABLE if "reporter" in row.roles]


@pytest.mark.parametrize("row", CAN_WRITE, ids=lambda row: str(row.action))
async def test_whatever_a_reporter_writes_only_departments_read_in_the_clear(road: Road, row: Transition) -> None:
    """Each action that the lifecycle's table gives to reporters, taken with words: they are in no topic but the
    departments', the order names their key once, and after an erasure nobody reads them."""
    order_id = folded(await road.send(report(TEXT, reporter={"id": "13812345678"}, event={"id": "1"}))).id
    before = next(steps for state, steps in STEPS_BEFORE.items() if state in row.sources)
    for n, action in enumerate(before):
        said = {"order_id": order_id, "evidence_urls": PICTURES, "by": OFFICER}
        said |= {"by": {"role": "inspector", "id": "ines"}} if action == "check-pass" else {}
        await road.send(update(action, event={"id": f"u-{n}"}, **said))
    assert folded(road.sent).state in row.sources

    sent = await road.send(by_reporter(row.action, "said", order_id=order_id, satisfied=False))

    assert facts_of(sent)
    clear = [send.topic for send in sent if AGAIN.encode() in (send.value or b"")]
    assert all(topic.startswith(NAMES.assignments("")) for topic in clear)
    [made] = [send for send in sent if send.topic == NAMES.report_keys]
    assert folded(road.sent).sealed_under.count(name_of(made)) == 1
    assert AGAIN in {entry.note for entry in as_learnt(road.keys, road.sent).timeline}
    road.keys.take([record(Send(made.topic, made.key, msgspec.json.encode(Erasure(T0, "clerk", "asked for"))))])
    assert AGAIN not in {entry.note for entry in as_learnt(road.keys, road.sent).timeline}


async def test_the_words_of_a_judgement_are_sealed_and_go_with_the_citizen(road: Road) -> None:
    """They are in no topic in the clear, and whoever erases the citizen's words leaves the judgement and its figure."""
    order_id = folded(await road.send(report(TEXT, reporter={"id": "13812345678"}, event={"id": "1"}))).id
    for n, action in enumerate(STEPS_BEFORE["closed"]):
        by = {"role": "inspector", "id": "ines"} if action == "check-pass" else OFFICER
        await road.send(update(action, event={"id": f"u-{n}"}, order_id=order_id, evidence_urls=PICTURES, by=by))
    named = {"role": "citizen", "id": CITIZEN}

    sent = await road.send(
        update("judge", event={"id": "j"}, order_id=order_id, by=named, satisfied=False, reason=AGAIN)
    )

    assert [send.topic for send in sent if AGAIN.encode() in (send.value or b"")] == []
    [fact] = facts_of(sent)
    citizen = reporter_hash(b"k", CITIZEN)
    assert (facts.name(type(fact)), fact.actor.id) == ("judgement-given", citizen)
    assert Whose(reporter=citizen).means(fact)
    assert not Whose(reporter=folded(road.sent).reporters[0]).means(fact)
    assert as_learnt(road.keys, road.sent).timeline[-1].note == AGAIN
    [made] = [send for send in sent if send.topic == NAMES.report_keys]
    road.keys.take([record(Send(made.topic, made.key, msgspec.json.encode(Erasure(T0, "clerk", "asked for"))))])
    order = as_learnt(road.keys, road.sent)
    assert AGAIN not in {entry.note for entry in order.timeline}
    assert [each.settled for each in order.judgements] == [False]


async def test_what_a_camera_says_of_the_picture_it_answers_by_is_sealed_too(road: Road) -> None:
    """As what a model says of the one by which it has seen it."""
    order_id = folded(await road.send(scene("d-1", "lamp_off"))).id

    answer = {"order_id": order_id, "camera_id": "cam-sw-1", "result": "gone", "text": SCENE}
    said = await road.send(message(RECHECKED, answer, id="a-1"))

    assert [send.topic for send in said if SCENE.encode() in (send.value or b"")] == []
    made, *gone = (send for send in said if send.topic == NAMES.report_keys)
    assert [(send.key, send.value) for send in gone] == [(made.key, None)]  # nobody had asked it


async def test_a_notice_has_a_reporters_words_for_those_who_are_sent_it(road: Road) -> None:
    """Sealed in the topic, opened for the webhook, `erased` after an erasure."""
    order_id = folded(await road.send(report(TEXT, reporter={"id": "13812345678"}, event={"id": "1"}))).id
    sent = await road.send(by_reporter("comment", "u-1", order_id=order_id))
    notice, *_ = [each for each in of(sent, NAMES.notices) if b"commented" in each]
    [made] = [send for send in sent if send.topic == NAMES.report_keys]
    event = Event("n-1", "paidan", NOTICE, notice)

    opened = await in_the_clear(event, road.keys)
    road.keys.take([record(Send(made.topic, made.key, msgspec.json.encode(Erasure(T0, "clerk", "asked for"))))])
    erased = await in_the_clear(event, road.keys)

    assert AGAIN.encode() not in notice
    assert [msgspec.json.decode(each.data)["note"] for each in (opened, erased)] == [AGAIN, ERASED]


async def test_pictures_of_whoever_works_on_it_are_the_citys(road: Road) -> None:
    """They show the work and need no key."""
    order_id = folded(await road.send(report(TEXT, event={"id": "1"}))).id

    sent = await road.send(update("comment", order_id=order_id, reason="看过了", evidence_urls=PICTURES))

    assert [send for send in sent if send.topic == NAMES.report_keys] == []
    assert folded(road.sent).timeline[-1].evidence_urls == PICTURES


def name_of(send: Send) -> str:
    """The key's name."""
    return (send.key or b"").decode()


async def test_a_repeat_leaves_no_second_key(road: Road) -> None:
    """Each time it comes it is sealed anew; the desk destroys the key of what it drops, in the same transaction."""
    first = await road.send(report(TEXT, event={"id": "1"}))
    again = await road.send(report(TEXT, event={"id": "1"}))

    [made] = [send for send in first if send.topic == NAMES.report_keys]
    anew, gone = [send for send in again if send.topic == NAMES.report_keys]
    assert made.key != anew.key == gone.key
    assert (gone.value, gone.partition) == (None, anew.partition)
    assert road.keys.known([name_of(made), name_of(gone)]) == [name_of(made)]


async def test_words_at_which_the_desk_fails_are_kept_for_another_try(road: Road) -> None:
    """What is set aside can be replayed, and the audit knows for ever that it has changed nothing."""
    came = (await road.intake.decide([report(TEXT, event={"id": "1"})])).sends
    road.keys.take(record(send) for send in came if send.topic == NAMES.report_keys)
    [sealed] = [send for send in came if send.topic == NAMES.inbox]
    [sighting] = decode_items(sealed.value or b"")
    assert isinstance(sighting, Sighting)
    impossible = encode_items([replace(sighting, at=10**17)])  # a time that no calendar holds

    sends = (await road.desk.decide([record(replace(sealed, value=impossible), 7)])).sends

    assert [send.topic for send in sends if send.topic in (NAMES.dead_letters, NAMES.report_keys)] == [
        NAMES.dead_letters
    ]
    assert row_keys.failed(7).encode() in [send.key for send in sends if send.topic == NAMES.desk]


def as_learnt(keys: ReportKeys, sent: list[Send]) -> Order:
    """The order as it is folded for learning: words that are erased are empty."""
    return folded(replace(send, value=keys.opened(send.value or b"", "")) for send in sent)


def facts_of(sent: Iterable[Send]) -> list[facts.Fact]:
    """The facts in what was sent, without what was refused."""
    said = [facts.from_wire(event_type(each.headers), each.value or b"") for each in sent if each.topic == NAMES.orders]
    return [fact for fact in said if isinstance(fact, facts.Fact)]


def folded(sent: Iterable[Send]) -> Order:
    """The order that these facts are about."""
    order: Order | None = None
    for fact in facts_of(sent):
        order = apply(order, fact)
    assert order is not None
    return order


async def test_nothing_is_learnt_from_words_that_were_erased(road: Road) -> None:
    """All else of the order is as it was."""
    sent = await road.send(report(TEXT, title=TITLE, event={"id": "1"}))
    before = as_learnt(road.keys, sent)
    [key] = [send for send in sent if send.topic == NAMES.report_keys]

    road.keys.take([record(Send(key.topic, key.key, msgspec.json.encode(Erasure(T0, "clerk", "asked for"))))])
    after = as_learnt(road.keys, sent)

    assert (before.title, before.text, classified_text(after)) == (TITLE, TEXT, "")
    assert replace(after, title=TITLE, text=TEXT, evidence_first=before.evidence_first) == before


async def test_what_intake_seals_it_says_in_a_gist(road: Road) -> None:
    """The item of the inbox has neither the words nor anything in their stead that reads like them."""
    [value] = of(await road.send(report(TEXT, title=TITLE, event={"id": "1"})), NAMES.inbox)

    [item] = decode_items(value)

    assert isinstance(item, Sighting)
    assert item.gist is not None
    assert ("号", "12") in item.gist.named
    assert TEXT[:4].encode() not in value


def test_a_sealed_title_stays_whole_until_it_is_opened() -> None:
    """A list cuts titles; half a seal could not be opened."""
    sealed = f"sealed:1:{'a' * 22}:title:{'b' * 200}"

    assert shortened(sealed) == sealed
    assert len(shortened("长" * 200)) == 120
    long = Brief(id="a", seq=1, state="assigned", area="north", opened_at=T0, last_at=T0, title="长" * 200)
    assert line(long, CITY)["title"] == shortened("长" * 200)


@pytest.mark.parametrize(
    ("whose", "meant"),
    [
        (Whose(order_id="o-1"), True),
        (Whose(order_id="o-2"), False),
        (Whose(reporter="hash-1"), True),
        (Whose(reporter="hash-2"), False),
        (Whose(report=("app", "1")), True),
        (Whose(report=("app", "2")), False),
    ],
)
def test_an_erasure_means_reports_of_one_order_person_or_name(whose: Whose, meant: bool) -> None:
    """And no other: what is not named stays readable."""
    seen = Evidence(kind="report", source="app", id="1", at=T0, reporter="hash-1")
    fact = facts.EvidenceAdded(
        order_id="o-1", seq=2, state="assigned", at=T0, recorded_at=T0, actor=Actor("desk"), evidence=seen, day=20260301
    )

    assert whose.means(fact) is meant


SCENE = "一名穿红衣的男子站在塌陷的路面旁"


def scene(name: str, label: str = "pothole", **more: Any) -> Any:
    """What a model says of a picture, of a label of which it takes two."""
    return detection(label=label, text=SCENE, event={"id": name}, **more)


async def test_what_a_model_says_of_a_picture_is_sealed_too(road: Road) -> None:
    """The department alone reads it in the clear; the order names the key, and erasing the order takes it."""
    sent = await road.send(scene("d-1", "lamp_off"))

    clear = [send.topic for send in sent if SCENE.encode() in (send.value or b"")]
    assert clear
    assert all(topic.startswith(NAMES.assignments("")) for topic in clear)
    [key] = [send for send in sent if send.topic == NAMES.report_keys]
    order = folded(sent)
    assert (as_learnt(road.keys, sent).text, order.sealed_under) == (SCENE, (name_of(key),))
    opened, *_ = facts_of(sent)
    assert Whose(order_id=order.id).means(opened)
    assert not Whose(report=("test", "d-1")).means(opened)


async def test_a_label_is_not_learnt_in_the_place_of_words_that_were_erased(road: Road) -> None:
    """The classifier was given the words."""
    sent = await road.send(scene("d-1", "unlisted"), scene("d-2", "unlisted", object_id="2"))
    order = as_learnt(road.keys, sent)
    erased = msgspec.json.encode(Erasure(T0, "clerk", "asked for"))

    road.keys.take(record(replace(send, value=erased)) for send in sent if send.topic == NAMES.report_keys)

    assert (classified_text(order), classified_text(as_learnt(road.keys, sent))) == (SCENE, "")


async def test_a_detection_without_words_needs_no_key(road: Road) -> None:
    """And costs none."""
    sent = await road.send(detection(label="lamp_off", event={"id": "d-1"}))

    assert [send for send in sent if send.topic == NAMES.report_keys] == []


async def test_what_is_watched_keeps_its_words_until_it_opens_an_order(road: Road) -> None:
    """The one of two that came first is read like the other."""
    first = await road.send(scene("d-1"))
    second = await road.send(scene("d-2", object_id="2"))

    made = [name_of(send) for send in (*first, *second) if send.topic == NAMES.report_keys and send.value]
    assert len(made) == 2
    assert road.keys.known(made) == made
    assert folded(road.sent).sealed_under == tuple(made)


async def test_what_was_watched_in_vain_is_readable_no_more(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key goes when the time of watching is over."""
    sent = await road.send(scene("d-1"))
    [made] = [name_of(send) for send in sent if send.topic == NAMES.report_keys]

    monkeypatch.setattr(processor, "now_ms", lambda: T0 + DAY)
    outcome = await road.desk.decide([record(road.desk.tick(), 99, T0 + DAY)])

    assert [(send.key, send.value) for send in outcome.sends if send.topic == NAMES.report_keys] == [
        (made.encode(), None)
    ]


async def test_what_a_parent_covers_keeps_its_words_when_it_is_over(road: Road) -> None:
    """They are the parent's evidence: they were read as erased as soon as the camera had seen the end of it."""
    flood = folded(await road.send(report(TEXT, event={"id": "1"}))).id
    by = {"role": "dispatcher", "id": "dora"}
    await road.send(update("re-categorise", order_id=flood, category="flooding", by=by, reason="积水"))
    covered = await road.send(scene("d-1", "lamp_off", phase="start"))
    [made] = [name_of(send) for send in covered if send.topic == NAMES.report_keys]

    over = await road.send(scene("d-2", "lamp_off", phase="end"))

    assert b"" in of(over, NAMES.desk)  # it will not come up
    assert road.keys.known([made]) == [made]
    assert as_learnt(road.keys, road.sent).evidence_first[-1].text == SCENE


async def test_what_another_city_key_has_wrapped_is_read_as_erased_once_it_is_known_to_be_the_wrong_one(
    road: Road,
) -> None:
    """An intake that was started once with another key stopped every desk for good at its first report."""
    sent = await road.send(report(TEXT, event={"id": "1"}))
    [opened] = [send.value or b"" for send in sent if event_type(send.headers) == facts.CE_TYPES[facts.Opened]]
    other = CityKey(bytes(32))
    unknown, known = (ReportKeys(nothing_new(*PARTS), other, is_citys=is_citys) for is_citys in (False, True))
    for keys in (unknown, known):
        keys.take(record(send) for send in sent if send.topic == NAMES.report_keys)

    with pytest.raises(SealError):
        unknown.opened(opened)
    assert msgspec.json.decode(known.opened(opened))["evidence"]["text"] == ERASED
