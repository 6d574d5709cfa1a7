"""Hedge mode: two positions of one symbol that do not see each other."""

from __future__ import annotations

import pytest
from core_desk import ME, D, Desk

from whalebot.adapters.exchange.core import SwitchMode
from whalebot.domain.enums import Side


@pytest.fixture
def hedge() -> Desk:
    desk = Desk()
    assert desk.send(SwitchMode(True, "BTCUSDT")).ret_code == 0
    return desk


def test_long_and_short_live_side_by_side(hedge: Desk) -> None:
    hedge.buy("2", position_idx=1)
    hedge.sell("1", position_idx=2)
    long, short = hedge.x.read.positions(ME, "BTCUSDT")
    assert (long.position_idx, long.side, long.qty) == (1, Side.BUY, D(2))
    assert (short.position_idx, short.side, short.qty) == (2, Side.SELL, D(1))


def test_closing_side_is_cut_to_its_position_and_never_flips(hedge: Desk) -> None:
    hedge.buy("2", position_idx=1)
    hedge.sell("5", position_idx=1)
    assert hedge.position(1).qty == 0
    assert hedge.sell("1", position_idx=1).ret_code == 110017
    assert hedge.position(2).qty == 0


def test_each_side_has_its_own_stops(hedge: Desk) -> None:
    hedge.buy("2", position_idx=1, stop_loss="95")
    hedge.sell("1", position_idx=2, stop_loss="105")
    hedge.stop(position_idx=1, take_profit="120")
    (fill,) = hedge.price("106")
    assert (fill.position_idx, fill.side, fill.qty) == (2, Side.BUY, D(1))
    assert {order.stop_order_type for order in hedge.open()} == {"StopLoss", "TakeProfit"}
    (fill,) = hedge.price("94")
    assert (fill.position_idx, fill.qty) == (1, D(2))


def test_index_zero_is_refused_in_hedge_mode(hedge: Desk) -> None:
    assert hedge.buy("1").ret_code == 10001


def test_going_back_needs_flat_positions(hedge: Desk) -> None:
    hedge.buy("1", position_idx=1)
    assert hedge.send(SwitchMode(False, "BTCUSDT")).ret_code == 110024
    hedge.sell("1", position_idx=1)
    assert hedge.send(SwitchMode(False, "BTCUSDT")).ret_code == 0
    assert [row.position_idx for row in hedge.x.read.positions(ME, "BTCUSDT")] == [0]


def test_switching_all_symbols_spares_busy_ones(desk: Desk) -> None:
    desk.buy("1")
    desk.send(SwitchMode(True))
    assert desk.x.read.is_hedge(ME, "BTCUSDT") is False
    assert desk.x.read.is_hedge(ME, "ETHUSDT") is True


def test_funding_is_settled_for_each_side(hedge: Desk) -> None:
    hedge.buy("2", position_idx=1)
    hedge.sell("1", position_idx=2)
    before = hedge.wallet
    hedge.funding("0.001", "100")
    assert before - hedge.wallet == D("0.1")
    assert [fill.qty for fill in hedge.fills()] == [D(2), D(1)]
