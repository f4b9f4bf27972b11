"""Contacts of reporters on their way from intake to notify, without Kafka: who has them, when they are gone."""

import base64
import json
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from aiokafka import TopicPartition
from cryptography.fernet import Fernet

from models.envelope import Event
from models.errors import UsageError
from models.events import NOTICE
from models.redact import Contact, decrypt_contact, encrypt_contact, reporter_hash
from streams.erasure.report_keys import Erasure, ReportKeys
from streams.intake.drafts import Keys
from streams.intake.processor import IntakeProcessor
from streams.kafka.sending import Send
from streams.kafka.topics import all_topics
from streams.notify.disclosing import Discloser, Disclosure
from streams.notify.known_contacts import KnownContacts
from streams.settings import load_settings
from streams.stage.same_time import SameTime
from tests.support.desks import MINUTE, T0
from tests.support.messages import detection, report
from tests.support.one_city import one_city
from tests.unit.personal.test_sealed_reports import CITY, NAMES, TEXT, Road, nothing_new, record

KEY = base64.urlsafe_b64encode(bytes(range(1, 33))).decode()
NAME, PHONE = "王小明", "13812345678"
HASH = reporter_hash(b"k", PHONE)


@pytest.fixture
def road(monkeypatch: pytest.MonkeyPatch) -> Road:
    """A city that seals words and keeps contacts."""
    return Road(monkeypatch, KEY)


def known(keys: ReportKeys | None = None, key: str = KEY) -> KnownContacts:
    """What notify knows before anything was written."""
    return KnownContacts(nothing_new(TopicPartition(NAMES.contacts, 0)), key, keys)


def written(sent: list[Send]) -> list[Send]:
    """Those to the topic of contacts."""
    return [send for send in sent if send.topic == NAMES.contacts]


def by(phone: str = PHONE, id: str = "1", **reporter: str) -> Any:
    """A report by somebody."""
    return report(TEXT, reporter={"name": NAME, "phone": phone, **reporter}, event={"id": id})


def given(contact: Contact, key: str = KEY) -> Send:
    """A contact as intake writes it where words are not sealed."""
    return Send(NAMES.contacts, HASH.encode(), msgspec.json.encode(encrypt_contact(key, contact)), 0)


async def test_intake_writes_the_contact_sealed_as_it_lies_in_the_inbox(road: Road) -> None:
    """Under the reporter's hash; nobody reads it who has one of the two keys only."""
    sent = await road.send(by())

    [send] = written(sent)
    assert (send.key, send.partition) == (HASH.encode(), 0)
    assert send.value is not None
    [inbox] = [each.value or b"" for each in sent if each.topic == NAMES.inbox]
    assert send.value in inbox
    assert not [each for each in sent if PHONE.encode() in (each.value or b"")]
    assert decrypt_contact(KEY, json.loads(road.keys.opened(send.value))) == Contact(NAME, PHONE)


@pytest.mark.parametrize("key", ["", KEY], ids=["without a key", "with a key"])
async def test_who_cannot_be_found_again_has_no_contact_written(key: str) -> None:
    """A name alone has no hash, a camera no contact, a city without a key keeps none."""
    models = cast(Any, SimpleNamespace(active=None, shadow=None))
    intake = IntakeProcessor(NAMES, one_city(CITY), models, Keys(b"k", key), 4, SameTime(10**12 * MINUTE))
    records = [report(TEXT, reporter={"name": NAME}, event={"id": "1"}), detection(event={"id": "2"})]
    if not key:
        records.append(by(id="3"))

    assert written((await intake.decide(records)).sends) == []


async def test_a_report_that_comes_twice_leaves_its_contact_readable(road: Road) -> None:
    """The desk destroys the key of the repeat, under which the later of the two lies."""
    contacts = known(road.keys)

    for _ in range(6):
        contacts.take(map(record, written(await road.send(by()))))

    assert contacts.open(HASH) == Contact(NAME, PHONE)


async def test_a_contact_is_gone_with_the_words_of_its_report(road: Road) -> None:
    """Of two reports of a person the other's stands; when both are erased, by whomever, none is left."""
    contacts = known(road.keys)
    for n in range(2):
        contacts.take(map(record, written(await road.send(by(id=str(n), name=f"{NAME}{n}")))))
    made = [send for send in road.sent if send.topic == NAMES.report_keys and send.value]
    found = [contacts.open(HASH)]

    for send in reversed(made):
        erased = msgspec.json.encode(Erasure(T0, "clerk", "asked for"))
        road.keys.take([record(msgspec.structs.replace(send, value=erased))])
        found.append(contacts.open(HASH))

    assert found == [Contact(f"{NAME}1", PHONE), Contact(f"{NAME}0", PHONE), None]


def test_the_last_contact_that_reaches_somebody_counts() -> None:
    """A later report without a phone number takes none away; only four of a reporter are looked at."""
    contacts = known()

    contacts.take(map(record, [given(Contact("a", "1")), given(Contact("b", "2")), given(Contact("c"))]))
    assert contacts.open(HASH) == Contact("b", "2")
    contacts.take([record(given(Contact(f"{n}"))) for n in range(4)])
    assert contacts.open(HASH) == Contact("3")
    assert contacts.open("somebody else") is None


def test_a_reporter_who_is_erased_has_no_contact() -> None:
    """Also where words are not sealed; what they report later counts again."""
    contacts = known()

    contacts.take(map(record, [given(Contact("a", "1")), Send(NAMES.contacts, HASH.encode(), None, 0)]))
    assert contacts.open(HASH) is None
    contacts.take([record(given(Contact("a", "2")))])
    assert contacts.open(HASH) == Contact("a", "2")


async def test_a_key_that_does_not_fit_is_named(road: Road) -> None:
    """Whichever of the two it is: nobody is told without the contact that there is."""
    sealed = [record(send) for send in written(await road.send(by()))]
    without_words_key, other = known(), known(road.keys, Fernet.generate_key().decode())

    for contacts in (without_words_key, other):
        contacts.take(sealed)
    with pytest.raises(UsageError, match="PAIDAN_WORDS_KEY must be set"):
        without_words_key.open(HASH)
    with pytest.raises(UsageError, match="PAIDAN_CONTACT_KEY is not the key"):
        other.open(HASH)


class Asked:
    """Contacts that are up to date only when asked to be."""

    def __init__(self) -> None:
        self._known: dict[str, Contact] = {}

    async def catch_up(self) -> None:
        """Now it knows."""
        self._known = {HASH: Contact(NAME, PHONE)}

    def open(self, reporter: str) -> Contact | None:
        """That of the one."""
        return self._known.get(reporter)


def notice(to: str = HASH) -> Event:
    """A notice to a reporter, as the desk has made it."""
    data = {"audience": "reporter", "to": to, "order_id": "o-1", "kind": "closed", "link": "https://city.example/r/x"}
    return Event("e-1", "desk", NOTICE, json.dumps(data).encode(), None)


def test_a_contact_of_an_intake_with_another_key_holds_up_nobodys_notices(caplog: pytest.LogCaptureFixture) -> None:
    """It held up those of all reporters for three days, and then they were dead letters."""
    contacts, other = known(), base64.urlsafe_b64encode(bytes(32)).decode()
    contacts.take([record(given(Contact(NAME, PHONE)))])
    contacts.check()

    contacts.take([record(given(Contact("李", "13900000000"), other))])

    assert contacts.open(HASH) == Contact(NAME, PHONE)
    assert "is encrypted under another key" in caplog.text


def test_another_key_than_that_of_the_first_contact_is_named_at_the_start() -> None:
    """Not at the first notice."""
    contacts = known(key=base64.urlsafe_b64encode(bytes(32)).decode())
    contacts.take([record(given(Contact(NAME, PHONE)))])

    with pytest.raises(UsageError, match="PAIDAN_CONTACT_KEY is not the key"):
        contacts.check()


async def test_each_opening_leaves_a_record_without_the_contact() -> None:
    """Before the contact is handed out, and again for each attempt; all else of the event is as it was."""
    trail: list[Send] = []

    async def write(send: Send) -> None:
        trail.append(send)

    discloser = Discloser(Asked(), "reporter", NAMES, write, lambda: 12.5)
    told = [await discloser.with_contact(notice()) for _ in range(2)]

    for each in told:
        data = json.loads(each.data)
        assert data.pop("contact") == {"name": NAME, "phone": PHONE}
        assert (each.id, each.type, data) == ("e-1", NOTICE, json.loads(notice().data))
    found = [(send.topic, msgspec.json.decode(send.value or b"", type=Disclosure)) for send in trail]
    assert found == [(NAMES.disclosures, Disclosure(12_500, "reporter", HASH, "o-1", "e-1"))] * 2
    assert not [send for send in trail if PHONE.encode() in (send.value or b"") or NAME.encode() in (send.value or b"")]


async def test_without_a_record_nobody_gets_the_contact() -> None:
    """What cannot be written fails the attempt."""

    async def write(_: Send) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await Discloser(Asked(), "reporter", NAMES, write).with_contact(notice())


async def test_who_has_no_contact_is_told_as_before() -> None:
    """And there is nothing to record."""

    async def write(_: Send) -> None:
        raise AssertionError

    assert await Discloser(Asked(), "reporter", NAMES, write).with_contact(notice("other")) == notice("other")


def test_contacts_and_their_trail_are_kept_for_a_year() -> None:
    """Nothing compacts them: the last record of a reporter may lie under a key that is gone."""
    topics = {topic.name: topic for topic in all_topics(load_settings(namespace="t"), ())}

    for name in (NAMES.contacts, NAMES.disclosures):
        assert topics[name].partitions == 1
        assert topics[name].settings["cleanup.policy"] == "delete"
        assert topics[name].settings["retention.ms"] == str(365 * 24 * 3600 * 1000)
