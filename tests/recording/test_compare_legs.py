"""Fills put together to positions, in whatever pieces the venue told of them."""

from __future__ import annotations

from decimal import Decimal

from whalebot.domain.enums import ExecType, Side
from whalebot.domain.orders import Execution, FundingPayment
from whalebot.research.comparing.legs import Legs

D = Decimal


def fill(
    exec_id: str, side: Side, price: str, qty: str, *, closed: str = "0", link: str = "", at_ms: int = 1_000
) -> Execution:
    created = "CreateByUser" if link else "CreateByStopLoss"
    return Execution(
        symbol="BTCUSDT",
        exec_id=exec_id,
        exec_type=ExecType.TRADE,
        side=side,
        price=D(price),
        qty=D(qty),
        fee=D("0.1"),
        is_maker=False,
        order_id=f"order of {exec_id}",
        order_link_id=link,
        stop_order_type="" if link else "StopLoss",
        create_type=created,
        closed_qty=D(closed),
        ts_ms=at_ms,
        seq=0,
    )


def test_pieces_of_one_position_make_one_leg() -> None:
    legs = Legs()
    for row in (
        fill("a", Side.BUY, "100", "1", link="in"),
        fill("b", Side.BUY, "102", "1", link="in"),
        FundingPayment("BTCUSDT", "f", D("0.5"), D(2), 1_500),
        fill("c", Side.SELL, "110", "1.5", closed="1.5", at_ms=2_000),
        fill("d", Side.SELL, "108", "0.5", closed="0.5", link="out", at_ms=3_000),
    ):
        legs.take(row)
        legs.take(row)
    [leg] = legs.legs
    assert (leg.name, leg.side, leg.entry_ms, leg.exit_ms) == ("in", Side.BUY, 1_000, 3_000)
    assert (leg.entry_price, leg.exit_price, leg.qty) == (D(101), D("109.5"), D(2))
    assert leg.closed_by == "CreateByStopLoss+CreateByUser"
    assert (leg.gross, leg.fees, leg.funding, leg.pnl) == (D(17), D("0.4"), D("0.5"), D("16.1"))
    assert leg.is_over


def test_a_short_that_is_closed_in_part_stays_open() -> None:
    legs = Legs()
    legs.take(fill("a", Side.SELL, "100", "2", link="in"))
    legs.take(fill("b", Side.BUY, "90", "1", closed="1"))
    [leg] = legs.legs
    assert not leg.is_over
    assert (leg.gross, leg.exit_price) == (D(10), D(90))
    legs.take(fill("c", Side.BUY, "95", "1", closed="1"))
    legs.take(fill("d", Side.SELL, "100", "1", link="next"))
    assert [(one.name, one.is_over) for one in legs.legs] == [("in", True), ("next", False)]


def test_what_closes_a_position_nobody_saw_begin_is_left_out() -> None:
    legs = Legs()
    legs.take(fill("a", Side.SELL, "100", "1", closed="1"))
    legs.take(FundingPayment("BTCUSDT", "f", D(1), D(1), 1_500))
    assert legs.legs == []
