"""Laws of sending: order is kept, nothing is forgotten, an open breaker is respected, an outage is waited out."""

import asyncio
import random
from collections.abc import Callable
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.envelope import Event
from streams.notify.breaker import Breaker, backoff
from streams.notify.delivery import Delivery, Patience, TargetAnswer

NEVER = float("inf")
MINUTE, HOUR = 60.0, 3600.0
TAKEN = TargetAnswer("taken")
AWAY = TargetAnswer("failed", "it answered 503")

answers = st.one_of(
    st.just(TargetAnswer("taken")),
    st.just(TargetAnswer("refused", "it answered 410")),
    st.builds(TargetAnswer, st.just("failed"), st.just("it answered 503"), st.sampled_from([0.0, 0.0, 5.0, 90.0])),
)
steps = st.lists(
    st.one_of(st.just("ask"), st.just("succeed"), st.just("fail"), st.just("abandon"), st.floats(0.0, 20.0)),
    max_size=60,
)


class World:
    """A target that answers what `says` says at an instant to an event, and a clock that only waiting moves."""

    def __init__(
        self,
        says: Callable[[float, Event], TargetAnswer],
        patience: Patience,
        draw: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self.says = says
        self.now = 0.0
        self.posted: list[tuple[float, str]] = []
        self.delivery = Delivery(self.post, patience, lambda: self.now, self.sleep, draw)

    async def post(self, event: Event) -> TargetAnswer:
        """One attempt, which takes a tenth of a second."""
        self.posted.append((self.now, event.id))
        self.now += 0.1
        return self.says(self.now, event)

    async def sleep(self, seconds: float) -> None:
        """Waiting moves the clock."""
        assert seconds > 0
        self.now += seconds

    def deliver(self, written: list[float], patience_seconds: float = NEVER) -> list[str]:
        """Deliver an event for each instant at which one is written; what became of each."""

        async def all_of_them() -> list[str]:
            ended = []
            for n, at in enumerate(written):
                self.now = max(self.now, at)
                ended.append(await self.delivery.deliver(event(n), at + patience_seconds))
            return [end.error if end else "taken" for end in ended]

        return asyncio.run(all_of_them())

    def arrived(self, ends: list[str]) -> list[str]:
        """The events in the order in which they were first posted, each once; asserts that attempts do not mix."""
        order = [id for id, _ in groupby(id for _, id in self.posted)]
        assert len(order) == len(set(order)) <= len(ends)
        return order


def scripted(script: list[TargetAnswer]) -> Callable[[float, Event], TargetAnswer]:
    """A target that gives these answers and then takes all."""
    left = list(script)
    return lambda _now, _event: left.pop(0) if left else TAKEN


def away_until(end: float) -> Callable[[float, Event], TargetAnswer]:
    """A target that is away until an instant."""
    return lambda now, _event: AWAY if now < end else TAKEN


def event(n: int) -> Event:
    """An event that is known by its number."""
    return Event(f"{n:05d}", "s", "t", b"{}")


def patience(failures: int = 3) -> Patience:
    """Waits of 1 to 8 seconds, a breaker of 30."""
    return Patience(1.0, 8.0, failures, 30.0)


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
def test_order_is_kept_and_every_event_ends_once(script: list[TargetAnswer], count: int) -> None:
    """Whatever the target answers: attempts come in the order of the events, and only a refused one does not arrive."""
    world = World(scripted(script), patience())
    ends = world.deliver([0.0] * count)
    assert world.arrived(ends) == [event(n).id for n in range(count)]
    answered = [said for said in script if said.verdict != "failed"]
    wanted = ["taken" if said.verdict == "taken" else "webhook-refused" for said in answered]
    assert ends == (wanted + ["taken"] * count)[:count]


@given(script=st.lists(answers, max_size=40), count=st.integers(1, 12))
def test_nobody_is_asked_again_before_the_time(script: list[TargetAnswer], count: int) -> None:
    """Between two attempts lie at least Retry-After, and 30 seconds once three in a row have failed."""
    world = World(scripted(script), patience())
    world.deliver([0.0] * count)
    in_a_row = 0
    for (before, _), (after, _), said in zip(world.posted, world.posted[1:], script, strict=False):
        in_a_row = in_a_row + 1 if said.verdict == "failed" else 0
        assert after - before >= said.retry_after
        assert after - before >= (30.0 if in_a_row >= 3 else 0.0)


@pytest.mark.parametrize("minutes", [3, 60, 71 * 60])
def test_an_outage_is_waited_out_and_everything_arrives_in_order(minutes: int, seed: int) -> None:
    """An event a minute while the target is away: none is given up, none overtakes another, few probes are made."""
    end = minutes * MINUTE
    world = World(away_until(end), Patience(1.0, 60.0, 5, 30.0), random.Random(seed).random)
    written = [n * MINUTE for n in range(minutes + 10)]
    ends = world.deliver(written, 72 * HOUR)
    assert ends == ["taken"] * len(written)
    assert world.arrived(ends) == [event(n).id for n in range(len(written))]
    probes = [at for at, _ in world.posted if at < end]
    assert len(probes) <= 5 + end / 30
    assert all(after - before <= 61 for before, after in pairwise(probes))
    back = next(at for at, _ in world.posted if at >= end - 0.1)
    assert back <= end + 61
    caught_up = next(at for at, id in world.posted if id == event(minutes).id)
    assert caught_up <= back + minutes * 0.1 + 1


def test_after_an_outage_beyond_the_give_up_time_the_younger_events_arrive_in_order(seed: int) -> None:
    """What grew too old meanwhile is given up, and nothing else: all that follow arrive."""
    end, limit = 100 * HOUR, 72 * HOUR
    world = World(away_until(end), Patience(1.0, 60.0, 5, 30.0), random.Random(seed).random)
    written = [n * MINUTE for n in range(101 * 60)]
    ends = world.deliver(written, limit)
    first = ends.index("taken")
    assert set(ends[:first]) == {"webhook-unreachable"}
    assert set(ends[first:]) == {"taken"}
    assert end - limit - MINUTE <= written[first] <= end - limit + 2 * MINUTE


def test_an_event_that_the_target_alone_cannot_take_costs_no_other() -> None:
    """Each attempt at the first one fails: it is given up in its time; those behind it are as old, wait, and arrive."""
    world = World(lambda _, event: AWAY if event.id == "00000" else TAKEN, patience())
    ends = world.deliver([0.0] * 20, HOUR)
    assert ends == ["webhook-unreachable"] + ["taken"] * 19
    assert HOUR <= world.now <= HOUR + 2 * MINUTE


@pytest.mark.parametrize("failing", [0, 1, 2, 3, 4, 50])
def test_old_events_are_given_up_only_once_two_have_failed_at_an_open_breaker(failing: int) -> None:
    """From then on without an attempt; a target that is there gets all, however old they are."""
    world = World(scripted([AWAY] * failing), patience())
    ends = world.deliver([0.0] * 5, 0.0)
    given_up = {3: 1, 4: 5, 50: 5}.get(failing, 0)
    assert ends == ["webhook-unreachable"] * given_up + ["taken"] * (5 - given_up)
    assert len(world.posted) == (4 if given_up == 5 else failing + 5 - given_up)


def test_a_refusal_is_for_one_event_alone() -> None:
    """It is a dead letter after its one attempt; the breaker stays closed, the next one is sent at once."""
    world = World(
        lambda _, event: TargetAnswer("refused", "it answered 410") if event.id < "00010" else TAKEN, patience()
    )
    ends = world.deliver([0.0] * 12)
    assert ends == ["webhook-refused"] * 10 + ["taken"] * 2
    assert world.now == pytest.approx(1.2)


def test_a_cancelled_probe_does_not_lock_the_breaker() -> None:
    """When the attempt is cut short the next one may be the probe."""

    async def cut_short() -> str:
        world = World(scripted([AWAY] * 3), patience())
        await world.delivery.deliver(event(0), 0.0)
        world.now += 30.0
        reached = asyncio.Event()

        async def hang(_: Event) -> TargetAnswer:
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
