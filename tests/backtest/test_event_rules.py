"""What both tiers must do on small markets whose outcome can be reckoned by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from made_markets import DAY, FREE, MIDNIGHT, MINUTE, Scripted, dataset, rates, settings, symbol_data, table
from made_markets import rules as order_rules

from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.trade import ClosedTrade
from whalebot.research.column.running import run_column_tier
from whalebot.research.dataset import Dataset, DatedRules
from whalebot.research.event.run import run_event_tier
from whalebot.research.result import BacktestResult
from whalebot.research.settings import BacktestSettings

FLAT = (1000, 1000, 1000, 1000)
D = Decimal


def run(
    rows: list[tuple[int, ...]], sides: list[int], *, held: list[int] | None = None, **more: object
) -> BacktestResult:
    """Trade five-minute bars by a script, with an ATR of 10 (100 ticks): stop 15, target 20 away."""
    funding = more.pop("funding", None)
    strategy = Scripted(sides, held=held)
    data = dataset(symbol_data(table(rows), funding=funding))  # type: ignore[arg-type]
    return run_both(settings(**{"stops": FREE} | more), data, strategy)  # type: ignore[arg-type]


def run_both(wanted: BacktestSettings, data: Dataset, strategy: Scripted) -> BacktestResult:
    """Return what the event tier finds, after the column tier has found the same."""
    event, column = run_event_tier(wanted, data, strategy), run_column_tier(wanted, data, strategy)
    assert [_nameless(trade) for trade in column.trades] == [_nameless(trade) for trade in event.trades]
    assert column.refused == event.refused
    np.testing.assert_allclose(column.curve.equity, event.curve.equity, rtol=0, atol=1e-6)
    return event


def _nameless(trade: ClosedTrade) -> ClosedTrade:
    return replace(trade, trade_id="", order_link_ids=(), mode="")


def test_an_entry_fills_at_the_next_open_and_its_stop_hangs_on_the_fill() -> None:
    result = run([FLAT, (1010, 1010, 1010, 1010), (1010, 1012, 800, 900), FLAT], [1, 0, 0, 0])
    [trade] = result.trades
    # Half a tick and a basis point of 101.0, rounded up to the tick.
    assert trade.entry_price == D("101.1")
    assert trade.entry_ms == MIDNIGHT + 5 * MINUTE
    assert trade.initial_stop == D("86.1")
    assert (trade.exit_price, trade.closed_by) == (D("86.0"), ClosedBy.STOP_LOSS)
    assert trade.exit_ms == MIDNIGHT + 10 * MINUTE
    assert trade.bars_held == 1


def test_an_open_beyond_the_stop_fills_at_the_open() -> None:
    result = run([FLAT, FLAT, (700, 710, 690, 700), FLAT], [1, 0, 0, 0])
    [trade] = result.trades
    assert (trade.exit_price, trade.closed_by) == (D("69.9"), ClosedBy.STOP_LOSS)
    assert trade.mae == (D("100.1") - D("70.0")) * trade.qty


def test_an_open_beyond_the_target_fills_at_the_better_open() -> None:
    result = run([FLAT, FLAT, (1400, 1410, 1390, 1400), FLAT], [1, 0, 0, 0])
    [trade] = result.trades
    assert (trade.exit_price, trade.closed_by) == (D("139.9"), ClosedBy.TAKE_PROFIT)
    assert trade.mfe == (D("140.0") - D("100.1")) * trade.qty


def test_an_entry_whose_open_jumped_over_its_stop_gets_stops_from_its_fill() -> None:
    result = run([FLAT, (700, 710, 690, 700), (700, 950, 700, 900), FLAT], [1, 0, 0, 0])
    [trade] = result.trades
    assert (trade.entry_price, trade.initial_stop) == (D("70.1"), D("55.1"))
    assert trade.closed_by is ClosedBy.TAKE_PROFIT


def test_an_opposite_signal_leaves_at_the_next_open() -> None:
    result = run([FLAT, FLAT, (1000, 1000, 990, 995), (990, 992, 985, 990), FLAT], [1, 0, -1, 0, 0])
    [trade] = result.trades
    assert trade.exit_ms == MIDNIGHT + 15 * MINUTE
    assert (trade.exit_price, trade.closed_by) == (D("98.9"), ClosedBy.OPPOSITE_SIGNAL)
    assert trade.bars_held == 2


def test_a_reversal_closes_and_enters_at_the_same_open() -> None:
    rows = [FLAT, FLAT, FLAT, (990, 992, 985, 990), (990, 992, 985, 990), FLAT]
    result = run(rows, [1, 0, -1, 0, 0, 0], reverse_on_opposite_signal=True)
    first, second = result.trades
    assert first.closed_by is ClosedBy.REVERSAL
    assert (first.exit_ms, second.side) == (second.entry_ms, Side.SELL)
    assert second.entry_price == D("98.9")


def test_the_second_leg_is_entered_when_a_gap_closed_the_first() -> None:
    rows = [FLAT, FLAT, FLAT, (800, 810, 790, 800), (800, 810, 790, 800), (800, 810, 790, 800)]
    result = run(rows, [1, 0, -1, 0, 0, 0], reverse_on_opposite_signal=True)
    first, second = result.trades
    assert first.closed_by is ClosedBy.STOP_LOSS
    assert (second.side, second.entry_ms, second.entry_price) == (Side.SELL, first.exit_ms, D("79.9"))


def test_what_is_open_at_the_end_closes_at_the_last_close() -> None:
    result = run([FLAT, FLAT, (1000, 1010, 1000, 1010)], [1, 0, 0])
    [trade] = result.trades
    assert (trade.exit_price, trade.closed_by) == (D("100.9"), ClosedBy.END_OF_DATA)
    assert (trade.exit_ms, trade.bars_held) == (MIDNIGHT + 15 * MINUTE, 2)
    assert result.ended_open == ("BTCUSDT",)


def test_nothing_is_decided_on_the_last_bar() -> None:
    assert run([FLAT, FLAT], [0, 1]).trades == ()
    assert run([FLAT, FLAT], [0, 1], enabled=True).refused == {}


def test_a_position_over_a_gap_is_closed_at_the_first_open_after_it() -> None:
    rows = [(0, *FLAT), (5, *FLAT), (10, *FLAT), (75, 995, 996, 990, 995), (80, *FLAT)]
    result = run(rows, [1, 0, -1, 0, 0])
    [trade] = result.trades
    assert (trade.closed_by, trade.exit_price) == (ClosedBy.DATA_GAP, D("99.4"))
    assert trade.exit_ms == MIDNIGHT + 75 * MINUTE


def test_an_entry_that_waits_for_a_gap_is_dropped() -> None:
    rows = [(0, *FLAT), (5, *FLAT), (75, *FLAT), (80, *FLAT), (85, *FLAT)]
    assert run(rows, [0, 1, 0, 0, 0]).trades == ()


def test_a_hole_of_ten_bars_is_no_gap() -> None:
    rows = [(0, *FLAT), (5, *FLAT), (60, *FLAT), (65, *FLAT), (70, *FLAT)]
    [trade] = run(rows, [0, 1, 0, 0, 0]).trades
    assert trade.entry_ms == MIDNIGHT + 60 * MINUTE


def test_funding_is_paid_on_what_was_held_before_the_instant() -> None:
    rows = [FLAT] * 30
    result = run(rows, [1] + [0] * 29, funding=rates(0, 1, 2, rate="0.001"))
    [trade] = result.trades
    # Held from 00:05: the rate of 00:00 is not paid, those of 01:00 and 02:00 are.
    assert trade.funding == 2 * trade.qty * D(100) * D("0.001")
    [flat] = run(rows, [0] * 11 + [1] + [0] * 18, funding=rates(1, rate="0.001")).trades
    assert flat.entry_ms == MIDNIGHT + 60 * MINUTE
    assert flat.funding == 0


def test_a_trailing_stop_follows_the_path_inside_the_bar() -> None:
    # The nearer extreme comes first: 110 arms the stop at 102, the way down to 89.9 meets it.
    stops = settings().engine.trade.stops
    result = run([FLAT, FLAT, (1000, 1100, 899, 950), FLAT], [1, 0, 0, 0], stops=stops)
    [trade] = result.trades
    assert (trade.closed_by, trade.exit_price) == (ClosedBy.TRAILING_STOP, D("101.9"))


def test_time_is_told_by_the_bars_held() -> None:
    [trade] = run([FLAT] * 8, [1] + [0] * 7, max_hold_bars=3).trades
    assert (trade.closed_by, trade.bars_held) == (ClosedBy.TIME_STOP, 3)
    assert trade.exit_ms == MIDNIGHT + 20 * MINUTE


def test_a_day_loss_closes_everything_at_the_next_open_and_waits_for_midnight() -> None:
    rows = [FLAT, FLAT, (1000, 1000, 870, 870), (870, 870, 860, 860), *[(860, 860, 860, 860)] * 400]
    sides = [1, *[0] * 3, *[1] * 400]
    engine = settings(guarded=True, risk_per_trade=0.04, stops=FREE)
    data = dataset(symbol_data(table(rows)))
    result = run_both(engine, data, Scripted(sides))
    first, second, *_ = result.trades
    assert (first.closed_by, first.exit_ms) == (ClosedBy.KILL, MIDNIGHT + 15 * MINUTE)
    assert second.entry_ms == MIDNIGHT + DAY
    assert result.refused["max_day_loss_pct"] == 283


def test_a_new_tick_holds_from_its_time_on() -> None:
    bars = table([FLAT] * 12)
    changed = DatedRules(MIDNIGHT + 20 * MINUTE, order_rules(tick="0.05"))
    data = symbol_data(bars, rules=[DatedRules(MIDNIGHT, order_rules()), changed])
    result = run_both(settings(stops=FREE), dataset(data), Scripted([1, 0, -1, 0, 0, 0, 1, 0, -1, 0, 0, 0]))
    assert [trade.entry_price for trade in result.trades] == [D("100.1"), D("100.05")]


def test_the_curve_ends_where_the_trades_say() -> None:
    rows = [FLAT, FLAT, (1000, 1040, 990, 1035), (1035, 1035, 1000, 1010)] * 6
    result = run(rows, [1, 0, -1, 0] * 6, funding=rates(1, rate="0.01"))
    assert len(result.trades) > 3
    ended = result.starting_balance + sum(trade.pnl for trade in result.trades)
    assert result.curve.equity[-1] == pytest.approx(float(ended), abs=1e-9)
    assert len(result.curve.ts_ms) == len(rows)


def test_an_entry_that_the_exchange_refuses_is_told() -> None:
    # Beyond the risk limit of two millions.
    result = run([(100_000,) * 4] * 4, [1, 0, 0, 0], balance=100_000_000)
    assert result.trades == ()
    assert result.refused == {"exchange 110090": 1}


def test_a_settlement_that_leaves_too_little_ends_the_position_there_and_then() -> None:
    result = run([FLAT] * 24, [1] + [0] * 23, funding=rates(1, rate="9"), leverage=D(50), risk_per_trade=0.5)
    [trade] = result.trades
    assert (trade.closed_by, trade.exit_ms) == (ClosedBy.LIQUIDATION, MIDNIGHT + 60 * MINUTE)
    assert trade.funding == 9 * trade.qty * 100
    # At the price that leaves nothing of the account, on the tick above.
    assert 0 <= result.starting_balance + trade.pnl < trade.qty * D("0.1")


def test_an_order_whose_rules_have_changed_since_it_was_sized_is_refused() -> None:
    bars = table([FLAT] * 6)
    step = replace(order_rules(), qty_step=D("0.7"), min_qty=D("0.7"))
    data = symbol_data(
        bars, rules=[DatedRules(MIDNIGHT, order_rules()), DatedRules(MIDNIGHT + 5 * MINUTE, step)]
    )
    result = run_both(settings(stops=FREE), dataset(data), Scripted([1, 0, 0, 0, 0, 0]))
    assert result.trades == ()
    assert result.refused == {"exchange 10001": 1}
