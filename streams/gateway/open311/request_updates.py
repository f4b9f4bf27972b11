"""`servicerequestupdates`, FixMyStreet's extension of GeoReport v2: what became of requests, what their reporters add.

https://github.com/mysociety/fixmystreet/wiki/Open311-FMS---Proposed-differences-to-Open311
"""

import uuid

import msgspec
from aiokafka.errors import KafkaError
from fastapi import Request
from fastapi.responses import Response

from dispatcher.order import facts
from dispatcher.order.fact_terms import FACT_TERMS
from dispatcher.order.row import OPEN, Order, kept_evidence
from models.access import prefixed
from models.city import City
from models.envelope import Event
from models.events import UPDATE
from models.sealed_words import ERASED
from models.times import DAY_MS, to_text
from streams.gateway.events.on_behalf import of_update
from streams.gateway.http.auth import is_citizen
from streams.gateway.http.problems import Problem
from streams.gateway.open311.api_keys import ApiKeys
from streams.gateway.open311.asked import SOURCE, check_jurisdiction, form_of, person_of, update_of, window_of, wrong
from streams.gateway.open311.georeport import Fields
from streams.gateway.open311.step_log import StepLog, ToldStep
from streams.gateway.open311.written import listed
from streams.gateway.orders.order_finder import Finder
from streams.gateway.preferences import Preference
from streams.gateway.routes.receiving import Receiver
from streams.gateway.shards import incomplete
from streams.gateway.waiting import Waiter

MOST_UPDATES = 5_000
_WAIT = Preference(5)  # an update is known by the step that it has become


class _Fact(msgspec.Struct):
    order_id: str
    seq: int


class _Taken(msgspec.Struct):
    fact: _Fact | None = None


class RequestUpdates:
    """Both ways, each as a Response in a format. All methods raise Problem."""

    def __init__(self, city: City, topic: str, receiver: Receiver, finder: Finder, keys: ApiKeys, log: StepLog) -> None:
        """`topic` is that of updates."""
        self._city, self._topic = city, topic
        self._receiver, self._finder, self._keys, self._log = receiver, finder, keys, log
        self._language = 0 if city.languages[0].startswith("zh") else 1

    async def search(self, format: str, request: Request) -> Response:
        """The steps that reporters are told of, from `start_date` to `end_date` (without them of the last day), oldest
        first and at most `MOST_UPDATES`: whoever wants more goes on from the last. Their words are for keys that may
        read all orders."""
        whole = await self._keys.sees_all(request)
        since, until = window_of(request.query_params, DAY_MS)
        try:
            steps = await self._log.between(since, until, MOST_UPDATES)
        except KafkaError:
            raise incomplete("the log of orders cannot be read at the moment") from None
        said = await self._finder.in_the_clear([_said(step.fact) for step in steps], list[tuple[str, str]])
        return _updates(format, [self._fields(step, *words, whole) for step, words in zip(steps, said, strict=True)])

    def _fields(self, step: ToldStep, words: str, photo: str, whole: bool) -> Fields:
        fact = step.fact
        return {
            "update_id": facts.ce_id(fact),
            "service_request_id": fact.order_id,
            "status": "OPEN" if fact.state in OPEN else "CLOSED",
            "external_status_code": fact.state,
            "updated_datetime": to_text(step.written_at),
            "description": (words if whole else "") or FACT_TERMS[facts.NAMES[type(fact)]][self._language],
            "media_url": photo if whole and photo and photo != ERASED else None,
        }

    async def create(self, format: str, request: Request) -> Response:
        """Take a form as a step of the request's reporter. The answer is the id of the step that it has become."""
        form = await form_of(request)
        check_jurisdiction(form.get("jurisdiction_id", ""), self._city)
        holder = await self._keys.sender(request, form)
        if not form.get("service_request_id"):
            raise wrong("service_request_id was not provided")
        order = (await self._finder.order(form["service_request_id"], holder)).order
        by = {} if is_citizen(holder) else {"by": {"role": "reporter", "id": person_of(form)}}
        data = update_of(form, order.state) | by | {"order_id": order.id}
        body, name = msgspec.json.encode(data), form.get("update_id", "").strip() or uuid.uuid4().hex
        said = Event(name, prefixed(holder, SOURCE), UPDATE, body, None)
        event, known = await self._receiver.read(body, lambda: of_update(said, holder) if is_citizen(holder) else said)
        if is_citizen(holder):
            foreign = await self._finder.is_nobody_s(order.id)
        else:
            foreign = holder is not None and not _has_sent(order, known.source)
        if foreign:
            raise Problem(403, "forbidden", "api_key may add to those requests alone that it has sent")
        waiter = Waiter(known.source, known.id)
        answer = await self._receiver.receive(
            request, self._topic, order.id, event, waiter, f"/orders/{order.id}", _WAIT
        )
        taken = msgspec.json.decode(bytes(answer.body), type=_Taken).fact
        update_id = f"{order.id}/{known.id}" if taken is None else f"{taken.order_id}/{taken.seq}"
        return _updates(format, [{"update_id": update_id}])


def _has_sent(order: Order, source: str) -> bool:
    """Whether one of the reports that an order keeps came under a source."""
    return any(seen.source == source for seen in kept_evidence(order))


def _said(fact: facts.Fact) -> tuple[str, str]:
    """The words and the first picture of a step, perhaps sealed."""
    return facts.note(fact), next(iter(getattr(fact, "evidence_urls", ())), "")


def _updates(format: str, found: list[Fields]) -> Response:
    return listed(format, "service_request_updates", "request_update", found)
