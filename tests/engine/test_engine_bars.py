"""A bar whose close was never told is asked for as soon as the next one shows that it is over."""

from __future__ import annotations

from engine_harness import BAR_MS, SYMBOL, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import Effect, FetchHistory, SubmitOrder
from whalebot.domain.known import Known


def forming(world: World, open_ms: int, after_ms: int = 0) -> list[Effect]:
    world.now += after_ms
    return world.send(ev.CandleForming(world.candle(open_ms), world.now))


def missed(world: World) -> int:
    """Let the bar in progress end untold; return its open."""
    open_ms = world.now // BAR_MS * BAR_MS
    world.now = open_ms + BAR_MS
    world.ticker(world.price)
    return open_ms


def test_a_close_lost_in_a_reconnect_is_asked_for_and_decided_on() -> None:
    world = World().ready()
    world.enter()
    open_ms = missed(world)
    assert not all_of(forming(world, open_ms + BAR_MS), FetchHistory)
    asked = only(forming(world, open_ms + BAR_MS, 2_000), FetchHistory)
    assert (asked.start_ms, asked.end_ms) == (open_ms, None)
    world.analyzer.score, world.analyzer.signal = -2.5, world.analyzer.signal.SELL
    world.ticker(world.price)
    bars = Known((world.candle(open_ms),), world.now)
    effects = world.send(ev.HistoryFetched(SYMBOL, "15", bars, world.now, open_ms, None))
    assert only(effects, SubmitOrder).intent.reduce_only


def test_the_question_is_repeated_at_leisure_until_the_bar_is_there() -> None:
    world = World().ready()
    open_ms = missed(world)
    forming(world, open_ms + BAR_MS)
    only(forming(world, open_ms + BAR_MS, 2_000), FetchHistory)
    assert not all_of(forming(world, open_ms + BAR_MS, 5_000), FetchHistory)
    world.send(ev.HistoryFetched(SYMBOL, "15", Known((), world.now), world.now, open_ms, None))
    assert not all_of(forming(world, open_ms + BAR_MS, 100), FetchHistory)
    assert only(forming(world, open_ms + BAR_MS, 2_000), FetchHistory)


def test_a_close_that_comes_a_moment_late_is_not_asked_for() -> None:
    world = World().ready()
    open_ms = missed(world)
    forming(world, open_ms + BAR_MS)
    world.send(ev.CandleClosed(world.candle(open_ms), world.now))
    asked = all_of(forming(world, open_ms + BAR_MS, 10_000), FetchHistory)
    assert [a.end_ms for a in asked] == [open_ms + BAR_MS], "only the comparison of the decided bar"


def test_a_bar_in_progress_before_the_history_is_loaded_asks_for_nothing() -> None:
    world = World()
    assert not all_of(forming(world, world.now) + forming(world, world.now, 5_000), FetchHistory)
