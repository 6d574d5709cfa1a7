"""What the loop's counters make of events and effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_figures import POSITION, SYMBOL, VIEW

from whalebot.domain import events as ev
from whalebot.domain.analysis import Analysis
from whalebot.domain.effects import Alert, Effect, PublishView, RecordTrade, SubmitOrder
from whalebot.domain.enums import ClosedBy, ExecType, Level, OrderStatus, Side, Signal
from whalebot.domain.market import Candle
from whalebot.domain.orders import Execution, OrderIntent, OrderReport, Purpose
from whalebot.domain.trade import ClosedTrade
from whalebot.domain.view import View
from whalebot.runtime.buckets import Buckets
from whalebot.runtime.latency import LatencyHistogram
from whalebot.runtime.tally import CountedEngine, Tally

TIMER = ev.TimerDue(1_000)
ZERO = Decimal(0)


def intent(link_id: str = "a-1", side: Side = Side.BUY, purpose: Purpose = Purpose.ENTRY) -> OrderIntent:
    return OrderIntent(link_id, "BTCUSDT", side, Decimal(1), purpose, 1_000, 1_000)


def fill(price: str, exec_id: str = "e1", link_id: str = "a-1", side: Side = Side.BUY) -> ev.Filled:
    execution = Execution(
        "BTCUSDT", exec_id, ExecType.TRADE, side, Decimal(price), Decimal(1), ZERO, False,
        "o1", link_id, "", "", ZERO, 1_100, 1,
    )  # fmt: skip
    return ev.Filled(execution, 1_100)


def report(status: OrderStatus, link_id: str = "a-1") -> ev.OrderUpdated:
    order = OrderReport(
        "BTCUSDT", "o1", link_id, Side.BUY, status, Decimal(1), Decimal(1), None, False,
        "", "", "", None, 0, 1_000, 1_100,
    )  # fmt: skip
    return ev.OrderUpdated(order, 1_100)


def trade(trade_id: str, pnl: str, funding: str = "0", symbol: str = "BTCUSDT") -> ClosedTrade:
    return ClosedTrade(
        trade_id, "demo", symbol, Side.BUY, 0, 1, Decimal(1), Decimal(1), Decimal(1), ZERO, Decimal(1),
        Decimal(funding), Decimal(pnl), ZERO, None, ZERO, ZERO, 1, ClosedBy.STOP_LOSS, None, (), None, (),
        "h",
    )  # fmt: skip


def analysis(close_ms: int, signal: Signal) -> Analysis:
    return Analysis(
        "BTCUSDT", "15", 0, close_ms, Decimal(1), 1.0, 0.0, (), signal, (), 1.0, (), (), True, 2.0
    )  # fmt: skip


class Scripted:
    """An engine that answers each event with the next effects."""

    def __init__(self, answers: list[Sequence[Effect]]) -> None:
        self._answers = iter(answers)

    def start(self, real_ms: int) -> Sequence[Effect]:
        return ()

    def process(self, event: ev.Event) -> Sequence[Effect]:
        return next(self._answers)

    def ms_to_next_timer(self, real_ms: int) -> int | None:
        return None


def tallied(*steps: tuple[ev.Event, Sequence[Effect]], keeps_time: bool = True) -> Tally:
    tally, scripted = Tally(keeps_time), Scripted([effects for _, effects in steps])
    engine = CountedEngine(scripted, tally)
    for event, effects in steps:
        assert engine.process(event) is effects
    return tally


def shown(real_ms: int, **changes: object) -> tuple[ev.Event, Sequence[Effect]]:
    view: View = replace(VIEW, real_ms=real_ms, symbols=(replace(SYMBOL, **changes),))  # type: ignore[arg-type]
    return TIMER, [PublishView(view)]


def test_an_order_is_followed_from_the_decision_to_its_end() -> None:
    read = tallied(
        shown(1_000),
        (TIMER, [SubmitOrder(intent())]),
        (ev.OrderAccepted("a-1", "o1", 1_040), []),
        (ev.OrderAccepted("a-1", "o1", 9_999), []),
        (report(OrderStatus.FILLED), []),
        (report(OrderStatus.FILLED), []),
    ).read()
    assert dict(read.orders) == {"sent": 1, "accepted": 1, "filled": 1}
    assert sum(read.order_latency.counts) == 1
    assert read.order_latency.total == 0.04


def test_refusals_and_silence_are_counted_by_their_kind() -> None:
    read = tallied(
        (TIMER, [SubmitOrder(intent("a")), SubmitOrder(intent("b"))]),
        (ev.OrderRefused("a", ev.Refusal.INSUFFICIENT, 110007, "", 1_100), []),
        (ev.OutcomeUnknown("b", "timeout", 1_100), []),
        (ev.OrderRefused("stranger", ev.Refusal.AUTH, 0, "", 1_100), []),
    ).read()
    assert dict(read.orders) == {"sent": 2, "insufficient": 1, "unknown": 1}


def test_slippage_is_against_the_last_price_at_the_decision_and_each_fill_counts_once() -> None:
    read = tallied(
        shown(1_000, last_price=Decimal(30_000)),
        (TIMER, [SubmitOrder(intent("buy")), SubmitOrder(intent("sell", Side.SELL, Purpose.EXIT))]),
        shown(1_001, last_price=Decimal(40_000)),
        (fill("30003", "e1", "buy"), []),
        (fill("30003", "e1", "buy"), []),
        (fill("30006", "e2", "sell", Side.SELL), []),
        (fill("1", "e3", "stranger"), []),
    ).read()
    entry, leave = read.slippage
    assert (entry.purpose, sum(entry.adverse.counts), entry.improvement_bps) == ("entry", 1, 0.0)
    assert abs(entry.adverse.total - 1.0) < 1e-9
    assert (sum(leave.adverse.counts), leave.adverse.total) == (1, 0.0)
    assert abs(leave.improvement_bps - 2.0) < 1e-9


def test_each_analysed_bar_counts_once_by_its_signal() -> None:
    first, second = analysis(1, Signal.HOLD), analysis(2, Signal.BUY)
    steps = [shown(at, analysis=bar) for at, bar in enumerate((None, first, first, second, second))]
    assert dict(tallied(*steps).read().signals) == {"HOLD": 1, "BUY": 1}


def test_time_without_a_stop_adds_up_from_picture_to_picture() -> None:
    bare, safe = replace(POSITION, stop_loss=None), POSITION
    foreign = replace(bare, foreign=True)
    read = tallied(
        shown(1_000, position=bare),
        shown(1_250, position=bare),
        shown(1_500, position=safe),
        shown(9_000, position=foreign),
        shown(9_250, position=None),
    ).read()
    assert (read.unprotected_s, read.foreign_unprotected_s) == (0.5, 0.25)


def test_a_picture_that_comes_late_does_not_stand_for_all_the_time_between() -> None:
    bare = replace(POSITION, stop_loss=None)
    read = tallied(shown(0, position=bare), shown(3_600_000, position=bare)).read()
    assert read.unprotected_s == 10.0


def test_the_delay_of_a_bar_is_by_the_venues_clock_and_only_where_that_is_real() -> None:
    candle = Candle("BTCUSDT", "1", 60_000, *[Decimal(1)] * 5)
    steps: list[tuple[ev.Event, Sequence[Effect]]] = [
        (ev.ClockSkew(200, 10, 1_000), []),
        (ev.CandleClosed(candle, 120_300), []),
    ]
    delay = tallied(*steps).read().bar_delay
    assert (sum(delay.counts), delay.total) == (1, 0.5)
    assert not any(tallied(*steps, keeps_time=False).read().bar_delay.counts)


@pytest.mark.parametrize(("first_failed", "funding"), [(False, 0), (True, 2)])
def test_of_a_trade_that_is_recorded_again_counts_what_is_on_disk(first_failed: bool, funding: int) -> None:
    first, second = trade("t1", "10"), trade("t1", "8", funding="2")
    answer = ev.StorageFailed("trade history", "", 1) if first_failed else ev.TradeRecorded("t1", 1, first)
    read = tallied(
        (TIMER, [RecordTrade(first)]),
        (answer, []),
        (TIMER, [RecordTrade(second)]),
        (ev.TradeRecorded("t1", 2, second if first_failed else None), []),
        (TIMER, [RecordTrade(trade("t2", "-3"))]),
        (ev.TradeRecorded("t3", 3, trade("t3", "50")), []),
    ).read()
    assert read.trades == ((("BTCUSDT", "stop_loss"), 2),)
    [result] = read.results
    assert (result.pnl, result.fees, result.funding) == (Decimal(7 - funding), Decimal(2), Decimal(funding))


def test_events_and_alerts_are_counted_by_kind() -> None:
    read = tallied((TIMER, [Alert(Level.CRITICAL, "kill", "", "")]), (TIMER, [])).read()
    assert read.events == (("TimerDue", 2),)
    assert read.alerts == (("kill", 1),)


def test_the_counted_engine_passes_everything_on() -> None:
    class Engine:
        def start(self, real_ms: int) -> Sequence[Effect]:
            return [RecordTrade(trade("old", "1"))]

        def process(self, event: ev.Event) -> Sequence[Effect]:
            return [SubmitOrder(intent())]

        def ms_to_next_timer(self, real_ms: int) -> int | None:
            return real_ms + 1

    tally = Tally(keeps_time=True)
    engine = CountedEngine(Engine(), tally)
    assert engine.start(0) == [RecordTrade(trade("old", "1"))]
    assert engine.process(TIMER) == [SubmitOrder(intent())]
    assert engine.ms_to_next_timer(4) == 5
    assert (tally.read().trades, dict(tally.read().orders)) == ((), {"sent": 1})


@given(st.lists(st.floats(0, 200)), st.lists(st.floats(0, 100), min_size=1, unique=True).map(sorted))
def test_each_value_lands_in_the_first_bucket_whose_edge_it_does_not_pass(
    values: list[float], edges: list[float]
) -> None:
    buckets = Buckets(edges)
    for value in values:
        buckets.add(value)
    found = buckets.histogram()
    below = 0
    for edge, count in zip(found.edges, found.counts, strict=False):
        below += count
        assert below == sum(1 for value in values if value <= edge)
    assert sum(found.counts) == len(values)


@given(st.lists(st.integers(0, 20_000_000_000)))
def test_the_loops_histogram_loses_no_event(durations: list[int]) -> None:
    counted = LatencyHistogram()
    for duration in durations:
        counted.add(duration)
    found = counted.histogram()
    assert sum(found.counts) == len(durations)
    below = 0
    for edge, count in zip(found.edges, found.counts, strict=False):
        below += count
        assert below == sum(1 for duration in durations if duration // 1000 < edge * 1e6)
    assert abs(found.total - sum(durations) / 1e9) < 1e-6
