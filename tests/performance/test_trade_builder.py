"""Closed trades from cash-flow sums: hand-computed goldens and laws."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.decisions.performance.exact import rounded
from whalebot.decisions.performance.trade_builder import make_trade, trade_id_of
from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.state import PositionMemory
from whalebot.domain.trade import ClosedTrade

LONG = PositionMemory(
    symbol="BTCUSDT",
    side=Side.BUY,
    entry_link_id="wb-r1-BTCUSDT-1",
    first_exec_id="ex-1",
    opened_ms=1_700_000_000_000,
    entry_score=2.25,
    breakdown=(("ema_alignment", 0.25), ("vwap", 2.0)),
    atr=120.0,
    initial_stop=D("99"),
    target=D("104"),
    stop=D("99"),
    best_price=D("104.5"),
    worst_price=D("99.5"),
    stop_moved=False,
    bars_held=3,
    # bought 1 at 100 and 2 at 101.5, sold 1.5 at 103 and 1.5 at 104
    bought=D("303"),
    bought_qty=D("3"),
    sold=D("310.5"),
    sold_qty=D("3"),
    fees=D("0.3374250"),
    funding=D("0.05"),
    link_ids=("wb-r1-BTCUSDT-1", "wb-r1-BTCUSDT-2"),
    closing_as=None,
    foreign=False,
    leverage=D("5"),
)


def build(memory: PositionMemory, exit_level: D | None = None) -> ClosedTrade:
    return make_trade(
        memory,
        exit_ms=1_700_000_900_000,
        exit_level=exit_level,
        closed_by=ClosedBy.TAKE_PROFIT,
        mode="demo",
        config_hash="c0ffee",
    )


def test_a_long_in_two_fills_and_out_in_two() -> None:
    trade = build(LONG, exit_level=D("104"))
    assert trade.trade_id == "wb-r1-BTCUSDT-1"
    assert (trade.entry_price, trade.exit_price, trade.qty) == (D("101"), D("103.5"), D("3"))
    assert trade.gross_pnl == D("7.5")
    assert trade.pnl == D("7.1125750")  # 7.5 - 0.337425 - 0.05
    # margin = 303 / 5 = 60.6; 7.112575 / 60.6 = 11.736922442244... %
    assert trade.pnl_percent == D("11.736922442244")
    # risk = 3 * |101 - 99| = 6
    assert trade.r_multiple == D("1.185429166667")
    assert trade.mae == D("4.5")  # 3 * (101 - 99.5)
    assert trade.mfe == D("10.5")  # 3 * (104.5 - 101)
    assert (trade.bars_held, trade.closed_by, trade.reconciled) == (3, ClosedBy.TAKE_PROFIT, False)
    assert trade.order_link_ids == LONG.link_ids
    assert trade.breakdown == LONG.breakdown


def test_a_short_is_the_mirror_image() -> None:
    short = replace(
        LONG,
        side=Side.SELL,
        bought=D("310.5"),
        sold=D("303"),
        best_price=D("99.5"),
        worst_price=D("104.5"),
        initial_stop=D("103"),
    )
    trade = build(short, exit_level=D("104"))
    assert (trade.entry_price, trade.exit_price) == (D("101"), D("103.5"))
    assert trade.gross_pnl == D("-7.5")
    assert trade.pnl == D("-7.8874250")
    assert trade.r_multiple == D("-1.314570833333")
    assert (trade.mae, trade.mfe) == (D("10.5"), D("4.5"))


def test_average_prices_are_rounded_to_twelve_decimals_but_money_is_not() -> None:
    memory = replace(LONG, bought=D("100"), sold=D("100.1"), fees=D("0.000000000000001"), funding=D("-1"))
    trade = build(memory)
    assert trade.entry_price == D("33.333333333333")
    assert trade.gross_pnl == D("0.1")
    assert trade.pnl == D("1.099999999999999")


def test_the_exit_level_is_part_of_the_path() -> None:
    memory = replace(LONG, best_price=None, worst_price=None)
    assert build(memory, exit_level=D("98")).mae == D("9")  # 3 * (101 - 98)
    assert build(memory, exit_level=D("98")).mfe == 0
    assert build(memory, exit_level=D("106")).mfe == D("15")
    assert build(memory, exit_level=None).mfe == D("7.5")  # the average exit, 103.5


@pytest.mark.parametrize("stop", [None, D("101")])
def test_without_a_risk_there_is_no_r(stop: D | None) -> None:
    assert build(replace(LONG, initial_stop=stop)).r_multiple is None


def test_a_foreign_position_is_marked_reconciled() -> None:
    assert build(replace(LONG, foreign=True)).reconciled
    assert build(replace(LONG, reconciled=True)).reconciled


def test_a_missing_exit_fill_is_valued_and_marked() -> None:
    memory = replace(LONG, sold=D("154.5"), sold_qty=D("1.5"))  # 1.5 at 103 seen, 1.5 not
    at_level = build(memory, exit_level=D("104"))
    assert (at_level.qty, at_level.gross_pnl, at_level.reconciled) == (D("3"), D("7.5"), True)
    at_known_average = build(memory)
    assert at_known_average.gross_pnl == D("6")  # 3 * 103 - 303
    nothing_seen = build(replace(LONG, sold=D(0), sold_qty=D(0)))
    assert (nothing_seen.gross_pnl, nothing_seen.exit_price) == (0, D("101"))


def test_a_missing_entry_fill_is_valued_at_the_known_entry() -> None:
    memory = replace(LONG, bought=D("200"), bought_qty=D("2"))
    trade = build(memory)
    assert (trade.qty, trade.entry_price, trade.gross_pnl) == (D("3"), D("100"), D("10.5"))
    assert trade.reconciled


def test_a_position_without_fills_is_refused() -> None:
    empty = replace(LONG, bought=D(0), bought_qty=D(0), sold=D(0), sold_qty=D(0))
    with pytest.raises(ValueError, match=r"BTCUSDT.*without any fill"):
        build(empty)


def test_trade_id_without_a_known_execution_uses_the_opening_time() -> None:
    assert trade_id_of(replace(LONG, entry_link_id="", first_exec_id="")) == "BTCUSDT-at-1700000000000"


def test_leverage_unknown_counts_the_whole_notional_as_margin() -> None:
    assert build(replace(LONG, leverage=D(0))).pnl_percent == rounded(D("711.25750") / D(303))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1E+5", "100000"),
        ("0E-20", "0"),
        ("1.50", "1.5"),
        ("1e-9", "1E-9"),
        ("-0.1234567890125", "-0.123456789012"),
    ],
)
def test_rounded_is_plain_and_short(value: str, text: str) -> None:
    assert str(rounded(D(value))) == text


prices = st.decimals("0.00000001", "200000", places=8)
qtys = st.decimals("0.001", "99999", places=3)
fills = st.lists(
    st.tuples(st.booleans(), qtys, prices, st.decimals("-5", "50", places=10)), min_size=1, max_size=12
)


@given(fills, prices, st.sampled_from(Side), st.decimals("-9", "9", places=9))
def test_pnl_is_cash_flow_of_a_position_closed_to_zero(
    rows: list[tuple[bool, D, D, D]], last: D, side: Side, funding: D
) -> None:
    """Whatever the fills, net PnL equals the cash that came in, once the rest is closed."""
    inventory = sum((q if buy else -q for buy, q, _, _ in rows), D(0))
    if inventory:
        rows = [*rows, (inventory < 0, abs(inventory), last, D("0.25"))]
    cash = bought = sold = bought_qty = sold_qty = fees = D(0)
    for buy, qty, price, fee in rows:
        cash += (-1 if buy else 1) * qty * price - fee
        fees += fee
        if buy:
            bought, bought_qty = bought + qty * price, bought_qty + qty
        else:
            sold, sold_qty = sold + qty * price, sold_qty + qty
    trade = build(
        replace(
            LONG,
            side=side,
            bought=bought,
            bought_qty=bought_qty,
            sold=sold,
            sold_qty=sold_qty,
            fees=fees,
            funding=funding,
        )
    )
    assert trade.pnl == cash - funding
    assert trade.pnl == trade.gross_pnl - trade.fees - trade.funding
    assert not trade.reconciled


def test_a_position_that_is_not_ours_is_named_by_its_first_execution() -> None:
    assert trade_id_of(replace(LONG, entry_link_id="")) == "BTCUSDT-ex-1"
