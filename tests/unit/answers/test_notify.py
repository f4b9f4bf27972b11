"""What is sent to webhooks: to whom, in which form, signed how, and documented."""

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from prometheus_client import REGISTRY
from typer.testing import CliRunner

from dispatcher.order import facts, wire
from dispatcher.partition.telling.notices import AUDIENCES
from models.city.values import Department
from models.envelope import Event
from models.errors import Poison, UsageError
from models.events import NOTICE
from models.inbox import Actor
from streams.cli.main import app
from streams.kafka.sending import Send
from streams.local.system import Counts, _members
from streams.notify.courier import Courier
from streams.notify.delivery import TargetAnswer
from streams.notify.finisher import FinishingConsumer, Halted
from streams.notify.signature import shown_key, signature_headers, target_key
from streams.notify.targets import Target, targets
from streams.notify.webhook import Webhooks, http_headers, target_answer
from streams.settings import Settings, load_settings
from tests.conftest import REPOSITORY
from tests.support.desks import DISPATCHER, HOUR, T0, Desk, report
from tests.support.messages import raw

NOW = 1_772_000_000.0
BODY = '{"text":"路上有个坑"}'.encode()


def settings(**own: str) -> Settings:
    """Settings with a secret."""
    return load_settings(**({"kafka": "k:9092", "webhook_secret": "signed with this", "namespace": "n"} | own))


def departments(**webhooks: str) -> dict[str, Department]:
    """Departments with these webhooks."""
    return {
        id: Department(row=2, id=id, name_zh="某局", name_en="Bureau", webhook=webhook)
        for id, webhook in webhooks.items()
    }


def notice(audience: str, to: str) -> bytes:
    """A notice's data."""
    return json.dumps({"audience": audience, "to": to, "kind": "closed"}).encode()


def documented() -> Callable[[str, dict[str, str], bytes], bool]:
    """The function that docs/notices.md gives to receivers; it calls the public library."""
    code = (REPOSITORY / "docs" / "notices.md").read_text().split("```python\n")[1].split("```")[0]
    names: dict[str, Callable[[str, dict[str, str], bytes], bool]] = {}
    exec(code, names)
    return names["is_genuine"]


def test_the_documented_check_takes_a_genuine_event_and_no_other() -> None:
    """Other body, other id, other time, another target's key or an old signature do not pass."""
    is_genuine, key, now = documented(), target_key(b"secret", "department-roads"), int(time.time())
    headers = signature_headers(key, "o-1/2/lead", now, BODY)
    other = target_key(b"secret", "department-parks")

    assert is_genuine(shown_key(key), headers, BODY)
    assert not is_genuine(shown_key(key), headers, BODY + b" ")
    assert not is_genuine(shown_key(key), headers | {"webhook-id": "o-1/3/lead"}, BODY)
    assert not is_genuine(shown_key(key), headers | {"webhook-timestamp": str(now - 1)}, BODY)
    assert not is_genuine(shown_key(other), headers, BODY)
    assert not is_genuine(shown_key(key), signature_headers(key, "o-1/2/lead", now - 301, BODY), BODY)


def test_the_signature_is_what_other_tools_compute() -> None:
    """The value was computed with `openssl dgst -sha256 -mac HMAC -macopt hexkey:31c2… -binary | base64`."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    headers = signature_headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert shown_key(key) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_event_travels_in_the_binary_mode_of_the_http_binding() -> None:
    """Attributes are headers; what is not plain ASCII, and `%`, space and quote, is percent-encoded UTF-8."""
    event = Event("o-1/2/reporter/x", "paidan/desk", NOTICE, BODY, 1_772_000_000_000, '路 "1%')
    assert http_headers(event) == {
        "ce-specversion": "1.0",
        "ce-id": "o-1/2/reporter/x",
        "ce-source": "paidan/desk",
        "ce-type": NOTICE,
        "ce-time": "2026-02-25T06:13:20.000Z",
        "ce-subject": "%E8%B7%AF%20%221%25",
        "content-type": "application/json",
        "user-agent": "paidan",
    }
    httpx.Headers(http_headers(event))


def test_no_event_is_beyond_http() -> None:
    """A content type beyond ASCII or with spaces around it would be refused by the client at every attempt."""
    event = Event("1", "s", "t", BODY, content_type=' application/json; title="路" ')
    assert http_headers(event)["content-type"] == 'application/json; title="%E8%B7%AF"'


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(101, "failed"), (200, "taken"), (202, "taken"), (204, "taken"), (301, "failed"), (307, "failed"), (408, "failed"),
     (425, "failed"),
     (429, "failed"), (500, "failed"), (503, "failed"), (400, "refused"), (401, "refused"), (404, "refused"),
     (410, "refused"), (422, "refused")],
)  # fmt: skip
def test_a_status_says_whether_to_try_again(status: int, verdict: str) -> None:
    """2xx is taken; a definite 4xx is for good; anything else is tried again."""
    assert target_answer(status, "", NOW).verdict == verdict


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("", 0), ("7", 7), ("0", 0), ("99999999999999", 3600), ("-3", 0), ("soon", 0), ("²", 0),
     ("Wed, 25 Feb 2026 06:14:20 GMT", 60), ("Wed, 25 Feb 2026 06:13:00 GMT", 0),
     ("Fri, 31 Dec 9999 23:59:59 GMT", 3600)],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float) -> None:
    """Both forms of RFC 9110 count, up to an hour; nonsense counts as none."""
    assert target_answer(503, header, NOW).retry_after == seconds


def test_targets_are_the_departments_with_a_webhook_and_the_two_settings() -> None:
    """Each with its topics; without any there is none."""
    own = settings(notify_supervisor_url="https://s.example/", notify_reporter_url="https://r.example/")
    found = {each.name: each for each in targets(own, departments(roads="https://roads.example/in", parks=""))}
    assert targets(settings(), departments(roads="", parks="")) == ()
    assert {name: each.topics for name, each in found.items()} == {
        "department-roads": ("n.notices", "n.assignments.roads"),
        "supervisor": ("n.notices",),
        "reporter": ("n.notices",),
    }


def test_each_notice_goes_to_its_target_alone() -> None:
    """Also when a department is called supervisor."""
    own = settings(notify_supervisor_url="https://s.example/", notify_reporter_url="https://r.example/")
    found = targets(own, departments(roads="https://roads.example/", supervisor="https://x.example/"))

    def receivers(audience: str, to: str) -> list[str]:
        return [each.name for each in found if each.is_for("n.notices", to.encode(), notice(audience, to))]

    assert receivers("department", "roads") == ["department-roads"]
    assert receivers("department", "parks") == []
    assert receivers("department", "supervisor") == ["department-supervisor"]
    assert receivers("supervisor", "supervisor") == ["supervisor"]
    assert receivers("reporter", "hash-1") == ["reporter"]
    assert receivers("reporter", "roads") == ["reporter"]
    assert receivers("citizen", "hash-1") == ["reporter"]
    assert [each.name for each in found if each.is_for("n.notices", b"roads", notice("department", "parks"))] == []


def test_every_record_of_its_assignments_topic_is_the_departments() -> None:
    """Whatever it is keyed by; the order is the key there."""
    [roads] = targets(settings(), departments(roads="https://roads.example/"))
    assert roads.is_for("n.assignments.roads", b"order-1", b"{}")


def test_what_is_no_notice_is_poison() -> None:
    """It becomes a dead letter that names the rule."""
    target = Target("reporter", "http://r.example/", "reporter", "n.notices")
    with pytest.raises(Poison, match="must be a notice"):
        target.is_for("n.notices", b"hash", b"[1]")


NAMELESS = ["http://xn--/", "http://xn--a.example/", "http://[v1.x]/", "http://999.1.1.1/"]
NO_HOSTS = [*NAMELESS, "http://[::1].example/"]


@pytest.mark.parametrize("url", NAMELESS)
def test_an_address_that_no_request_can_be_made_of_is_refused(url: str) -> None:
    """Also when it looks like one: what the client finds out only when it posts is found out before."""
    with pytest.raises(UsageError, match="the webhook of department roads: its host must be a DNS name"):
        targets(settings(), departments(roads=url))


def test_an_address_that_only_some_interpreters_can_split_is_refused_by_all() -> None:
    """For the one it is no address at all, for the other one whose host is none."""
    with pytest.raises(UsageError, match=r"the webhook of department roads(: its host| must be an address)"):
        targets(settings(), departments(roads="http://[::1].example/"))


@pytest.mark.parametrize(
    "url", ["http://xn--fiq228c.example/a?b=c", "http://10.1.2.3:8080/", "http://[::1]:80/", "http://a_b/", "HTTPS://X.Example"]
)  # fmt: skip
def test_addresses_of_every_kind_are_taken(url: str) -> None:
    """International names in their ASCII form, addresses of both versions, names of a local network."""
    own = settings(notify_plain_http="true")
    assert [each.url for each in targets(own, departments(roads=url))] == [url]


@pytest.mark.parametrize("url", ["http://roads.example/", "http://10.1.2.3/", "http://[fd00::1]/"])
def test_beyond_this_machine_nothing_is_sent_in_the_clear(url: str) -> None:
    """Unless the settings say so: notices hold reasons."""
    with pytest.raises(UsageError, match="must be https"):
        targets(settings(), departments(roads=url))
    assert targets(settings(notify_plain_http="true"), departments(roads=url))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/", "http://[::1]/", "http://localhost/"])
def test_what_stays_on_this_machine_may_be_plain(url: str) -> None:
    """A gateway to the departments that runs beside it."""
    assert targets(settings(), departments(roads=url))


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "https://169.254.1.1/", "https://[fe80::1]/", "http://0.0.0.0/", "https://224.0.0.1/"]
)  # fmt: skip
def test_addresses_that_only_a_machine_or_its_cloud_knows_are_refused(url: str) -> None:
    """Whatever the settings say: behind them lie the keys of the machine."""
    with pytest.raises(UsageError, match="must not be sent to"):
        targets(settings(notify_plain_http="true"), departments(roads=url))


@pytest.mark.parametrize("url", ["http://0x7f000001/", "http://127.1/", "http://2130706433/", "http://0177.0.0.1/"])
def test_an_address_spelt_to_hide_what_it_is_is_refused(url: str) -> None:
    """Systems take it for the four numbers that it hides."""
    with pytest.raises(UsageError, match=r"four numbers|must be a DNS name"):
        targets(settings(notify_plain_http="true"), departments(roads=url))


@pytest.mark.parametrize("url", NO_HOSTS)
async def test_a_bad_address_is_a_failed_attempt(url: str) -> None:
    """Posting to it raises nothing: the answer says that it failed."""
    async with Webhooks(1.0) as webhooks:
        said = await webhooks.post(url, b"key", Event("1", "s", "t", b"{}"))
    assert said.verdict == "failed"


async def test_an_attempt_that_raises_is_its_targets_own_failure() -> None:
    """Whatever it raises: the courier tries again, and nobody else hears of it."""
    [roads] = targets(settings(), departments(roads="https://roads.example/"))
    outcomes: list[TargetAnswer | Exception] = [ZeroDivisionError("what nobody thought of"), TargetAnswer("taken")]

    async def post(_: Event) -> TargetAnswer:
        if isinstance(outcome := outcomes.pop(0), Exception):
            raise outcome
        return outcome

    async def bury(letter: Send) -> None:
        raise AssertionError(letter)

    courier = Courier(settings(notify_backoff_seconds="0.001"), roads, post, bury)
    assert await courier.finish(assignment(), asyncio.Event())
    assert outcomes == []


async def test_a_target_that_another_process_sends_to_is_not_away_here() -> None:
    """Its partitions are shared out anew, or the city has it no more, while its breaker is open: nobody would ever say
    that it is closed."""
    [roads] = targets(settings(), departments(roads="https://roads.example/"))

    async def post(_: Event) -> TargetAnswer:
        return TargetAnswer("failed")

    async def bury(letter: Send) -> None:
        raise AssertionError(letter)

    def is_open() -> float | None:
        return REGISTRY.get_sample_value("paidan_notify_open", {"target": "department-roads"})

    own = settings(notify_backoff_seconds="0.001", notify_breaker_failures="1", notify_breaker_seconds="60")
    courier, halted = Courier(own, roads, post, bury), asyncio.Event()
    delivering = asyncio.create_task(courier.finish(assignment(), halted))
    while not is_open():
        await asyncio.sleep(0)
    halted.set()
    with pytest.raises(Halted):
        await delivering
    consumer = FinishingConsumer(own, "n-notify-department-roads", roads.topics, courier)
    stop = asyncio.Event()
    stop.set()

    await consumer.run(stop)
    ended = is_open()
    courier_again = asyncio.create_task(courier.finish(assignment(), halted := asyncio.Event()))
    while not is_open():
        await asyncio.sleep(0)
    halted.set()
    await asyncio.gather(courier_again, return_exceptions=True)
    await consumer.on_partitions_assigned([])

    assert (ended, is_open()) == (0, 0)


def assignment() -> ConsumerRecord:
    """An assignment as it stands on the department's topic."""
    headers = wire.headers(NOTICE, "1", "o-1", 1_772_000_000_000)
    now = int(time.time() * 1000)
    return ConsumerRecord("n.assignments.roads", 0, 0, now, 0, b"o-1", b"{}", None, 3, 2, tuple(headers))


@pytest.mark.parametrize(
    "url", ["ftp://x.example/", "x.example", "http://", "http://x:port/", "http://[x/", "https://a b.example/", "http://é.example"]
)  # fmt: skip
def test_only_web_addresses_are_taken(url: str) -> None:
    """The sentence names the department."""
    with pytest.raises(UsageError, match="the webhook of department roads must be an address"):
        targets(settings(), departments(roads=url))


def test_an_address_holds_no_password() -> None:
    """It would end up in logs; the sentence does not repeat it."""
    with pytest.raises(UsageError, match="PAIDAN_NOTIFY_REPORTER_URL must not hold") as caught:
        targets(settings(notify_reporter_url="https://me:pass@r.example/"), {})
    assert "pass@" not in str(caught.value)


def test_without_a_secret_nothing_is_sent() -> None:
    """A webhook without PAIDAN_WEBHOOK_SECRET is an error of use."""
    with pytest.raises(UsageError, match="PAIDAN_WEBHOOK_SECRET"):
        targets(settings(webhook_secret=""), departments(roads="https://roads.example/"))


def test_everything_on_one_machine_includes_the_sender_when_there_is_a_webhook() -> None:
    """`paidan up` runs the role then and only then."""
    with_webhook, without = (_members(settings(), Counts(), notify) for notify in (True, False))
    assert [member.name for member in with_webhook][-1] == "notify"
    assert "notify" not in [member.name for member in without]


@pytest.mark.slow
def test_a_targets_key_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """`paidan notify --show-key` prints what the receiver needs; a target that is not there is an error."""
    monkeypatch.setenv("PAIDAN_WEBHOOK_SECRET", "signed with this")
    monkeypatch.setenv("PAIDAN_NOTIFY_REPORTER_URL", "https://r.example/")
    shown = CliRunner().invoke(app, ["notify", "--show-key", "reporter"])
    assert shown.output.strip() == shown_key(target_key(b"signed with this", "reporter"))
    assert isinstance(CliRunner().invoke(app, ["notify", "--show-key", "supervisor"]).exception, UsageError)


def test_every_step_is_told_to_somebody() -> None:
    """Only what the desk notes for itself, what another fact tells, and what cameras are asked has no audience."""
    unheard = {
        facts.Linked,
        facts.KeptApart,
        facts.PerhapsSame,
        facts.Classified,
        facts.Absorbed,
        facts.WithdrawnAbove,
        facts.Released,
        facts.Archived,
    }
    unheard |= {facts.RecheckRequested, facts.RecheckAnswered}
    assert set(AUDIENCES) | {facts.EvidenceAdded} == set(facts.KINDS.values()) - unheard


@pytest.mark.parametrize(
    ("kind", "audience"),
    [(facts.SentToReview, "supervisor"), (facts.Returned, "supervisor"), (facts.ExtensionRequested, "supervisor"),
     (facts.SuspensionRequested, "supervisor"), (facts.Appealed, "supervisor"), (facts.ReturnApproved, "department"),
     (facts.FeedbackReceived, "department"), (facts.AppealReviewed, "department")],
)  # fmt: skip
def test_who_must_decide_is_told_and_who_has_asked_is_told_the_outcome(kind: type[facts.Fact], audience: str) -> None:
    """Requests go to the dispatching side alone, answers and the reporter's feedback to the department."""
    assert AUDIENCES[kind] == (audience,)


def test_the_department_that_returned_an_order_is_told_that_it_was_right() -> None:
    """Although the order is another department's by then."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    desk.update("return", Actor("department", "roads", "ren"), T0 + HOUR, code="unclear", reason="r")
    desk.update("approve-return", DISPATCHER, T0 + HOUR, department="works", category="water-leak")
    told = [json.loads(out.value) for out in desk.sent if out.topic == "notices"]
    assert [(each["to"], each["note"]) for each in told if each["kind"] == "returned"] == [("supervisor", "r")]
    assert [each["to"] for each in told if each["kind"] == "return-approved"] == ["roads"]


async def test_what_is_finished_is_committed_and_what_is_not_comes_again() -> None:
    """Each record by itself; those of others all at once, and nothing beyond the one at which it was halted."""

    class Finishing:
        async def finish(self, record: ConsumerRecord, halted: asyncio.Event) -> bool:
            if record.offset == 12:
                halted.set()
            return bool(record.value == b"own")

        def rest(self) -> None:
            """Nothing is at hand."""

    part, commits = TopicPartition("n.notices", 0), list[int]()

    async def commit(offsets: dict[TopicPartition, int]) -> None:
        commits.append(offsets[part])

    consumer = FinishingConsumer(settings(), "g", [part.topic], Finishing())
    consumer._consumer = cast(AIOKafkaConsumer, SimpleNamespace(commit=commit))

    async def given(*values: tuple[int, bytes]) -> list[int]:
        commits.clear()
        with contextlib.suppress(Halted):
            await consumer._finish_all(part, [raw(value, (), offset=offset) for offset, value in values])
        return [*commits]

    assert await given((4, b"own"), (6, b"another's"), (7, b"another's")) == [5, 8]
    assert await given((8, b"another's"), (9, b"own")) == [10]
    assert await given((11, b"another's"), (12, b"own"), (13, b"own")) == [13]
    assert await given((13, b"own")) == []
