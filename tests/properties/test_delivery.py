"""Laws of sending: order is kept, nothing is forgotten, an open breaker is respected, patience is bounded."""

import asyncio
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from models.envelope import Event
from streams.breaker import Breaker, backoff
from streams.delivery import Answer, Delivery, Patience

NEVER = float("inf")

answers = st.one_of(
    st.just(Answer("taken")),
    st.just(Answer("refused", "it answered 410")),
    st.builds(Answer, st.just("failed"), st.just("it answered 503"), st.sampled_from([0.0, 0.0, 5.0, 90.0])),
)
steps = st.lists(
    st.one_of(st.just("ask"), st.just("succeed"), st.just("fail"), st.just("abandon"), st.floats(0.0, 20.0)),
    max_size=60,
)


class World:
    """A target that answers as scripted (then: takes all), and a clock that only waiting moves."""

    def __init__(self, script: list[Answer], patience: Patience) -> None:
        self.script = list(script)
        self.now = 0.0
        self.posted: list[tuple[float, str]] = []
        self.delivery = Delivery(self.post, patience, lambda: self.now, self.sleep, lambda: 0.5)

    async def post(self, event: Event) -> Answer:
        """One attempt, which takes a tenth of a second."""
        self.posted.append((self.now, event.id))
        self.now += 0.1
        return self.script.pop(0) if self.script else Answer("taken")

    async def sleep(self, seconds: float) -> None:
        """Waiting moves the clock."""
        assert seconds > 0
        self.now += seconds

    def deliver(self, count: int, give_up_at: float = NEVER) -> list[str]:
        """Deliver so many events; what became of each."""

        async def all_of_them() -> list[str]:
            ended = [await self.delivery.deliver(event(n), give_up_at) for n in range(count)]
            return [end.error if end else "taken" for end in ended]

        return asyncio.run(all_of_them())


def event(n: int) -> Event:
    """An event that is known by its number."""
    return Event(f"{n:03d}", "s", "t", b"{}")


def patience(attempts: int = 4, failures: int = 3) -> Patience:
    """Waits of 1 to 8 seconds, a breaker of 30."""
    return Patience(attempts, 1.0, 8.0, failures, 30.0)


@given(script=steps, limit=st.integers(1, 4))
def test_a_half_open_breaker_lets_one_probe_through(script: list[str | float], limit: int) -> None:
    """Whoever asks however often: until an attempt of the half-open time has its outcome, no second one starts."""
    breaker, now, probing = Breaker(limit, 10.0), 0.0, False
    for step in script:
        match step:
            case "ask":
                state = breaker.state(now)
                admitted = breaker.admitted(now)
                if state == "open" or (state == "half-open" and probing):
                    assert admitted is None
                else:
                    assert admitted is not None
                    breaker, probing = admitted, state == "half-open"
            case "succeed":
                breaker, probing = breaker.succeeded(), False
                assert breaker.state(now) == "closed"
            case "fail":
                breaker, probing = breaker.failed(now), False
                assert breaker.state(now) == ("open" if breaker.failures >= limit else "closed")
            case "abandon":
                breaker, probing = breaker.abandoned(), False
            case float():
                now += step


@given(limit=st.integers(1, 6), failures=st.integers(0, 12))
def test_a_breaker_opens_at_its_limit_and_closes_with_one_success(limit: int, failures: int) -> None:
    """So many failures in a row, not fewer; after the time it is half-open; one success forgets them all."""
    breaker = Breaker(limit, 10.0)
    for _ in range(failures):
        breaker = breaker.failed(5.0)
    assert breaker.state(14.9) == ("open" if failures >= limit else "closed")
    assert breaker.state(15.0) == ("half-open" if failures >= limit else "closed")
    assert breaker.succeeded() == Breaker(limit, 10.0)


@given(attempt=st.integers(1, 5000), draw=st.floats(0.0, 1.0))
def test_backoff_doubles_up_to_its_longest(attempt: int, draw: float) -> None:
    """Full jitter: anything between nothing and the bound, which doubles and then stays."""
    bound = min(60.0, 2.0 ** min(attempt - 1, 10))
    assert 0.0 <= backoff(attempt, 1.0, 60.0, draw) <= bound
    assert backoff(attempt, 1.0, 60.0, 1.0) == bound


@given(script=st.lists(answers, max_size=40), count=st.integers(1, 12))
def test_order_is_kept_and_every_event_ends_once(script: list[Answer], count: int) -> None:
    """Whatever the target answers: attempts come in the order of the events, and each is taken or a dead letter."""
    world = World(script, patience())
    ends = world.deliver(count)
    attempts = [(id, len(list(same))) for id, same in groupby(id for _, id in world.posted)]
    assert [id for id, _ in attempts] == [event(n).id for n in range(count)]
    assert len(ends) == count
    assert all(tried <= 4 for _, tried in attempts)
    given_up = [tried for (_, tried), end in zip(attempts, ends, strict=True) if end == "webhook-unreachable"]
    assert all(tried == 4 for tried in given_up)


@given(script=st.lists(answers, max_size=40), count=st.integers(1, 12))
def test_nobody_is_asked_again_before_the_time(script: list[Answer], count: int) -> None:
    """Between two attempts lie at least Retry-After, and 30 seconds once three in a row have failed."""
    world = World(script, patience())
    world.deliver(count)
    in_a_row = 0
    for (before, _), (after, _), said in zip(world.posted, world.posted[1:], script, strict=False):
        in_a_row = in_a_row + 1 if said.verdict == "failed" else 0
        assert after - before >= said.retry_after
        assert after - before >= (30.0 if in_a_row >= 3 else 0.0)


@given(failing=st.integers(0, 50))
def test_an_old_event_is_given_up_while_the_target_is_away(failing: int) -> None:
    """Once the breaker is open, events past their time end without an attempt; a target that is there gets them all."""
    world = World([Answer("failed", "no answer")] * failing, patience(attempts=10))
    ends = world.deliver(5, give_up_at=0.0)
    assert len(world.posted) == (3 if failing >= 3 else failing + 5)
    assert set(ends) == {"webhook-unreachable"} if failing >= 3 else {"taken"}


def test_a_cancelled_probe_does_not_lock_the_breaker() -> None:
    """When the attempt is cut short the next one may be the probe."""

    async def cut_short() -> str:
        world = World([Answer("failed")] * 3, patience(attempts=3))
        await world.delivery.deliver(event(0), NEVER)
        world.now += 30.0
        reached = asyncio.Event()

        async def hang(_: Event) -> Answer:
            reached.set()
            await asyncio.Event().wait()
            raise AssertionError

        world.delivery._post = hang
        hanging = asyncio.create_task(world.delivery.deliver(event(1), NEVER))
        await reached.wait()
        assert world.delivery.breaker.admitted(world.now) is None
        hanging.cancel()
        await asyncio.wait((hanging,))
        return world.delivery.breaker.state(world.now) if world.delivery.breaker.admitted(world.now) else "locked"

    assert asyncio.run(cut_short()) == "half-open"
