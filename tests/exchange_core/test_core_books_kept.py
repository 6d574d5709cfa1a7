"""The books: partial closes, flips, fees, funding, closed-PnL and transaction rows, to the last digit."""

from __future__ import annotations

from core_desk import ME, D, Desk

from whalebot.adapters.exchange.core import BookChanged, Deposit, FundingSettled
from whalebot.domain.enums import ExecType, Side

TAKER = D("0.00055")
MAKER = D("0.0002")


def test_round_trip_in_thirds_sums_exactly_to_the_cash_flow() -> None:
    desk = Desk(start="100")
    for qty, price in (("0.1", "99.9"), ("0.1", "99.7"), ("0.1", "98.3")):
        desk.buy(qty, price)
        desk.price("98.2")
        desk.price("100")
    for qty in ("0.1", "0.07", "0.13"):
        desk.sell(qty, "101.3")
        desk.price("101.4")
        desk.price("100")
    fills = desk.x.read.executions(ME)
    cash = sum(-fill.side.sign * fill.price * fill.qty - fill.fee for fill in fills)
    assert desk.position().qty == 0
    assert desk.wallet == 10000 + cash
    assert sum(row.closed_pnl for row in desk.x.read.closed_pnl(ME)) == cash
    assert desk.position().cum_realised_pnl == cash


def test_partial_close_keeps_the_remainder_of_the_cost(desk: Desk) -> None:
    desk.buy("3")
    desk.sell("1")
    (row,) = desk.x.read.closed_pnl(ME)
    assert (row.entry_value, row.exit_value) == (D("100.1"), D("99.9"))
    assert row.closed_pnl == D("-0.2") - D("100.1") * TAKER - D("99.9") * TAKER
    position = desk.position()
    assert (position.qty, position.position_value, position.avg_price) == (D(2), D("200.2"), D("100.1"))


def test_average_price_of_two_entries(desk: Desk) -> None:
    desk.buy("1")
    desk.price("103")
    desk.buy("2")
    position = desk.position()
    assert position.position_value == D("100.1") + 2 * D("103.1")
    assert position.avg_price == D("102.1")


def test_flip_closes_and_opens_with_one_execution(desk: Desk) -> None:
    desk.buy("1")
    desk.price("110")
    desk.sell("3")
    (fill,) = desk.fills()
    assert (fill.qty, fill.closed_size, fill.exec_pnl) == (D(3), D(1), D("109.9") - D("100.1"))
    position = desk.position()
    assert (position.side, position.qty, position.avg_price) == (Side.SELL, D(2), D("109.9"))
    assert position.cur_realised_pnl == -2 * D("109.9") * TAKER
    (row,) = desk.x.read.closed_pnl(ME)
    assert (row.closed_size, row.close_fee, row.qty) == (D(1), D("109.9") * TAKER, D(3))


def test_closed_pnl_row_gathers_the_fills_of_one_order() -> None:
    desk = Desk()
    bids = ((D("99"), D(1)), (D("98"), D(1)), (D("97"), D(5)))
    desk.x.apply(BookChanged("BTCUSDT", desk.tick(), bids, ((D("101"), D(9)),)))
    desk.buy("3")
    closing = desk.sell("3")
    (row,) = desk.x.read.closed_pnl(ME)
    assert (row.order_id, row.fill_count, row.closed_size, row.side) == (closing.order_id, 3, D(3), Side.SELL)
    assert row.avg_exit_price == D("98")
    assert desk.find(closing).closed_pnl == row.closed_pnl
    assert len({fill.seq for fill in desk.fills()}) == 1
    assert len({fill.exec_id for fill in desk.fills()}) == 3


def test_fees_are_not_rounded() -> None:
    desk = Desk(start="0.1")
    desk.rules(max_price=D(10))
    desk.order(Side.BUY, "77.777")
    assert desk.fills()[0].fee == D("0.2") * D("77.777") * TAKER


def test_transaction_log_follows_the_cash(desk: Desk) -> None:
    desk.buy("1")
    desk.funding("0.0001", "101")
    desk.sell("1")
    desk.send(Deposit(D("-10")))
    rows = desk.x.read.transactions(ME)
    assert [row.kind for row in rows] == ["TRANSFER_IN", "TRADE", "SETTLEMENT", "TRADE", "TRANSFER_OUT"]
    balance = D(0)
    for row in rows:
        assert row.change == row.cash_flow + (row.funding or D(0)) - row.fee
        balance += row.change
        assert row.cash_balance == balance
    assert [row.size for row in rows] == [D(0), D(1), D(1), D(0), D(0)]
    assert balance == desk.wallet


def test_funding_long_pays_short_receives(desk: Desk) -> None:
    desk.buy("2")
    before = desk.wallet
    desk.funding("0.0003", "101")
    assert desk.wallet == before - 2 * 101 * D("0.0003")
    settled = next(event for event in desk.events if isinstance(event, FundingSettled))
    (fill,) = desk.fills()
    assert (fill.exec_type, fill.qty, fill.fee, fill.side) == (ExecType.FUNDING, D(2), D("0.0606"), Side.BUY)
    assert (settled.amount, settled.exec_id) == (fill.fee, fill.exec_id)
    assert (fill.fee_rate, fill.order_type, fill.closed_size, fill.exec_pnl) == (D("0.0003"), None, 0, 0)
    desk.sell("4")
    before = desk.wallet
    desk.funding("0.0003", "100")
    assert desk.wallet == before + 2 * 100 * D("0.0003")
    assert desk.fills()[0].fee_rate == D("-0.0003")


def test_funding_without_a_mark_takes_the_newest_price(desk: Desk) -> None:
    desk.buy("1")
    desk.price("107")
    before = desk.wallet
    desk.funding("0.001")
    assert before - desk.wallet == D("0.107")


def test_funding_is_paid_on_what_was_held_just_before_the_instant(desk: Desk) -> None:
    desk.buy("2")
    desk.sell("5")
    instant = desk.ts
    before = desk.wallet
    desk.funding("0.001", "100", ts_ms=instant)
    assert before - desk.wallet == D("0.2")  # long 2 before the instant, short 3 after its fill
    desk.buy("3")
    before = desk.wallet
    desk.funding("0.001", "100", ts_ms=desk.ts)
    assert desk.wallet - before == D("0.3")  # flat by now, short 3 before


def test_nobody_pays_funding_when_flat(desk: Desk) -> None:
    desk.funding("0.01", "100")
    assert desk.events == ()


def test_funding_stays_out_of_closed_pnl_but_in_the_position(desk: Desk) -> None:
    desk.buy("1")
    desk.funding("0.001", "100")
    desk.sell("1")
    (row,) = desk.x.read.closed_pnl(ME)
    fees = (D("100.1") + D("99.9")) * TAKER
    assert row.closed_pnl == D("-0.2") - fees
    assert desk.position().cum_realised_pnl == D("-0.2") - fees - D("0.1")
    assert desk.x.read.wallet(ME).cum_realised_pnl == desk.wallet - 10000


def test_break_even_price_undoes_what_was_paid() -> None:
    desk = Desk(start="60000")
    desk.buy("0.1")
    even = desk.position().break_even_price
    assert even is not None
    paid = desk.position().position_value * TAKER
    out = even * D("0.1") * (1 - TAKER) - desk.position().position_value - paid
    assert abs(out) < D("1e-8")
