"""Laws that hold whatever is sent and whatever the market does: random commands on random markets."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from core_desk import BTC, ME, D
from core_player import ACCOUNTS, QTYS, Player, Step, steps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from whalebot.adapters.exchange.core import (
    BarLiquidity,
    BestAvailable,
    ClosePosition,
    ConstantLatency,
    CreateOrder,
    Deposit,
    Event,
    Exchange,
    Executed,
    ExecutionRecord,
    NextPoint,
    NoLatency,
    PricePoint,
    Settings,
    SetTradingStop,
)
from whalebot.adapters.exchange.core.exact import CONTEXT
from whalebot.domain.enums import ExecType, OrderType, Side

SIDES = st.sampled_from(list(Side))
TICKS = st.integers(600, 1500).map(lambda ticks: D(ticks) / 10)
PATH = st.lists(st.tuples(TICKS, st.booleans()), min_size=5, max_size=40)
CALM = [HealthCheck.too_slow, HealthCheck.data_too_large]


def trades(events: list[Event]) -> list[ExecutionRecord]:
    """Return the executions that move a position."""
    rows = [event.execution for event in events if isinstance(event, Executed)]
    return [row for row in rows if row.exec_type.moves_position]


@settings(max_examples=100, deadline=None, suppress_health_check=CALM)
@given(steps(), st.sampled_from([BestAvailable(), BarLiquidity(), BarLiquidity(D("0.2"))]))
def test_invariants_hold_after_every_step(moves: list[Step], liquidity: Any) -> None:
    player = Player(liquidity=liquidity)
    for move in moves:
        player.play(move)
        assert player.x.check() == []


@settings(max_examples=30, deadline=None, suppress_health_check=CALM)
@given(steps(), st.sampled_from([NoLatency(), ConstantLatency(3), NextPoint()]), st.integers(1, 39))
def test_a_saved_exchange_goes_on_alike(moves: list[Step], latency: Any, cut: int) -> None:
    one = Player(latency=latency)
    for move in moves[:cut]:
        one.play(move)
    other = Player(latency=latency)
    other.x = Exchange.from_state(json.loads(json.dumps(one.x.export_state())), latency=latency)
    other.ts = one.ts
    for move in moves[cut:]:
        assert one.play(move) == other.play(move)
    assert one.x.check() == []
    assert one.x.export_state() == other.x.export_state()


@settings(max_examples=30, deadline=None, suppress_health_check=CALM)
@given(steps())
def test_a_short_memory_changes_no_balance(moves: list[Step]) -> None:
    long, short = Player(), Player(settings=Settings(history_limit=3))
    for move in moves:
        assert long.play(move) == short.play(move)
        assert short.x.check() == []
    for account in ACCOUNTS:
        assert long.x.read.wallet(account) == short.x.read.wallet(account)


@settings(max_examples=60, deadline=None, suppress_health_check=CALM)
@given(steps())
def test_reduce_only_never_opens_and_never_flips(moves: list[Step]) -> None:
    player = Player()
    held: dict[tuple[str, str, int], Decimal] = {}
    for move in moves:
        for fill in trades(player.play(move)):
            key = (fill.account, fill.symbol, fill.position_idx)
            before = held.get(key, D(0))
            held[key] = before + fill.qty * fill.side.sign
            order = player.x.read.order(fill.account, fill.order_id)
            assert order is not None
            if order.reduce_only:
                assert before * fill.side.sign < 0
                assert fill.closed_size == fill.qty <= abs(before)


@settings(max_examples=60, deadline=None, suppress_health_check=CALM)
@given(steps(), st.integers(0, 2))
def test_a_quiet_band_hides_nothing(moves: list[Step], salt: int) -> None:
    """The same market with the shortcut for quiet points switched off gives the same events."""
    quick, thorough = Player(), Player()
    for move in moves:
        for market in thorough.x._world.markets.values():
            market.is_stale = True
        assert quick.play(move) == thorough.play(move)
    assert quick.x.export_state() == thorough.x.export_state()


@settings(max_examples=60, deadline=None)
@given(SIDES, PATH)
def test_a_trailing_stop_only_moves_in_favour(side: Side, moves: list[tuple[Decimal, bool]]) -> None:
    player = Player(liquidity=BarLiquidity())
    player.send(CreateOrder("BTCUSDT", side, OrderType.MARKET, D(1)))
    player.send(SetTradingStop("BTCUSDT", trailing_stop=D("2.5")))
    level = D(100) - side.sign * D("2.5")
    for price, is_gap in moves:
        fills = trades(player.point(price, gap=is_gap))
        is_hit = (price - level) * side.sign <= 0
        assert bool(fills) == is_hit
        if is_hit:
            reference = price if is_gap else level
            assert 0 < (reference - fills[0].price) * side.sign <= D("0.2")
            assert player.x.read.open_orders(ME) == ()
            return
        level = max(level, price - D("2.5")) if side is Side.BUY else min(level, price + D("2.5"))
        (order,) = player.x.read.open_orders(ME)
        assert order.trigger_price == level


@settings(max_examples=60, deadline=None)
@given(SIDES, st.sampled_from(["20", "60", "90"]), PATH)
def test_liquidation_takes_all_and_leaves_no_debt(
    side: Side, qty: str, moves: list[tuple[Decimal, bool]]
) -> None:
    player = Player(liquidity=BarLiquidity())
    player.send(CreateOrder("BTCUSDT", side, OrderType.MARKET, D(qty)))
    for price, is_gap in moves:
        liq = player.x.read.positions(ME, "BTCUSDT")[0].liq_price
        fills = trades(player.point(price, gap=is_gap))
        is_reached = liq is not None and (price - liq) * side.sign <= 0
        assert [fill.exec_type for fill in fills] == [ExecType.BUST_TRADE] * is_reached
        if fills:
            assert 0 <= player.x.read.wallet(ME).wallet_balance < D(qty) * BTC.tick_size
            assert player.x.read.positions(ME) == ()
            return


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(SIDES, st.sampled_from(QTYS), TICKS), min_size=5, max_size=40))
def test_any_round_trip_sums_exactly_to_the_cash_flow(rounds: list[tuple[Side, Decimal, Decimal]]) -> None:
    player = Player(balance=1_000_000)
    events: list[Event] = []
    for side, qty, price in rounds:
        events += player.point(price)
        events += player.send(CreateOrder("BTCUSDT", side, OrderType.MARKET, qty))
    events += player.send(ClosePosition("BTCUSDT"))
    cash = D(0)
    for row in trades(events):
        cash = CONTEXT.subtract(cash, row.side.sign * row.value)
        cash = CONTEXT.subtract(cash, row.fee)
    assert player.x.read.wallet(ME).wallet_balance == CONTEXT.add(cash, D(1_000_000))
    nets = D(0)
    for closed in player.x.read.closed_pnl(ME):
        nets = CONTEXT.add(nets, closed.closed_pnl)
    assert nets == cash


@pytest.mark.parametrize("gap", [False, True])
@settings(max_examples=40, deadline=None)
@given(side=SIDES, away=st.integers(1, 80), prize=st.integers(1, 80), end=TICKS)
def test_one_leg_meets_either_the_stop_or_the_target(
    gap: bool, side: Side, away: int, prize: int, end: Decimal
) -> None:
    """On one leg the direction decides; a stop fills at its level, over a gap at the end of the leg."""
    player = Player(liquidity=BarLiquidity())
    player.send(Deposit(D(100_000)))
    stop, target = D(100) - side.sign * D(away) / 10, D(100) + side.sign * D(prize) / 10
    player.send(CreateOrder("BTCUSDT", side, OrderType.MARKET, D(1), stop_loss=stop, take_profit=target))
    player.feed(PricePoint("BTCUSDT", player.ts, D(100)))
    fills = trades(player.point(end, gap=gap))
    hit = stop if (end - stop) * side.sign <= 0 else target if (end - target) * side.sign >= 0 else None
    if hit is None:
        assert fills == []
        return
    (fill,) = fills
    assert fill.stop_order_type == ("StopLoss" if hit == stop else "TakeProfit")
    assert 0 < ((end if gap else hit) - fill.price) * side.sign <= D("0.2")
