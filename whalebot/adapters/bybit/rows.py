"""Account rows of streams and REST answers, made into domain types. One meaning for both sources."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from whalebot.adapters.bybit import conventions as say
from whalebot.adapters.bybit.wire import (
    BookingRow,
    ClosingRow,
    CoinRow,
    ExecutionRow,
    OrderRow,
    PositionRow,
    WalletRow,
)
from whalebot.domain.books import Booking, Closing
from whalebot.domain.enums import ExecType, OrderStatus
from whalebot.domain.orders import (
    Execution,
    FundingPayment,
    OrderReport,
    PositionReport,
    WalletReport,
)

_QUOTE = "USDT"


def make_order(row: OrderRow) -> OrderReport:
    """Build the report of one order. Raises BadValue."""
    return OrderReport(
        symbol=row.symbol,
        order_id=row.order_id,
        order_link_id=row.order_link_id,
        side=say.side(row.side),
        status=say.order_status(row.order_status),
        qty=say.not_negative(row.qty),
        cum_exec_qty=say.unsigned(row.cum_exec_qty),
        avg_price=say.price_or_none(row.avg_price),
        reduce_only=row.reduce_only,
        stop_order_type=say.word(row.stop_order_type),
        create_type=say.word(row.create_type),
        reject_reason="" if row.reject_reason == "EC_NoError" else say.told(row.reject_reason),
        trigger_price=say.price_or_none(row.trigger_price),
        position_idx=row.position_idx,
        created_ms=row.created_time,
        updated_ms=row.updated_time,
    )


def make_execution(row: ExecutionRow) -> Execution | FundingPayment:
    """Build a fill, or a funding payment where the row is one. Raises BadValue.

    A funding row carries the whole position as `execQty` and the payment as `execFee` (above zero: paid).
    What moves a position has a quantity and a price above zero; of other kinds nobody has said so.
    """
    try:
        return _read_execution(row)
    except say.BadValue as e:
        raise say.BadValue(f"execution {row.exec_id} of {row.symbol}: {e}") from None


def _read_execution(row: ExecutionRow) -> Execution | FundingPayment:
    kind = say.exec_type(row.exec_type)
    if kind is ExecType.FUNDING:
        return FundingPayment(
            symbol=row.symbol,
            exec_id=row.exec_id,
            amount=say.number(row.exec_fee),
            qty=say.not_negative(row.exec_qty),
            ts_ms=row.exec_time,
        )
    sane = say.positive if kind.moves_position else say.not_negative
    return Execution(
        symbol=row.symbol,
        exec_id=row.exec_id,
        exec_type=kind,
        side=say.side(row.side),
        price=sane(row.exec_price),
        qty=sane(row.exec_qty),
        fee=_fee(row),
        is_maker=row.is_maker,
        order_id=row.order_id,
        order_link_id=row.order_link_id,
        stop_order_type=say.word(row.stop_order_type),
        create_type=say.word(row.create_type),
        closed_qty=say.unsigned(row.closed_size),
        ts_ms=row.exec_time,
        seq=row.seq,
    )


def make_closing(row: ClosingRow) -> Closing:
    """Build what one closing order took away. Raises BadValue.

    Where the venue leaves the fee of leaving out, it is half of what its net result lacks.
    """
    side = say.side(row.side)
    entry, leave = say.number(row.cum_entry_value), say.number(row.cum_exit_value)
    fee = say.number(row.close_fee)
    if not row.close_fee:
        fee = ((entry - leave) * side.sign - say.number(row.closed_pnl)) / 2
    return Closing(
        symbol=row.symbol,
        order_id=row.order_id,
        side=side,
        exec_type=say.exec_type(row.exec_type),
        qty=say.number(row.closed_size),
        entry_value=entry,
        exit_value=leave,
        close_fee=fee,
        ts_ms=row.updated_time,
    )


def make_booking(row: BookingRow) -> Booking:
    """Build one change of the cash balance. Raises BadValue, also where the amount is missing."""
    if not row.change:
        raise say.BadValue(f"booking {row.id[:40]} has no amount")
    # Spot has symbols of the same names.
    symbol = row.symbol if row.category in ("", "linear") else ""
    return Booking(row.id, symbol, row.type, say.number(row.change), row.transaction_time)


def make_position(row: PositionRow) -> PositionReport:
    """Build the report of one position; a flat row has side None and qty 0. Raises BadValue."""
    qty = say.not_negative(row.size)
    return PositionReport(
        symbol=row.symbol,
        side=say.side(row.side) if qty else None,
        qty=qty,
        avg_price=say.price_or_none(row.entry_price or row.avg_price),
        stop_loss=say.price_or_none(row.stop_loss),
        take_profit=say.price_or_none(row.take_profit),
        trailing_stop=say.price_or_none(row.trailing_stop),
        leverage=say.price_or_none(row.leverage),
        position_idx=row.position_idx,
        mark_price=say.price_or_none(row.mark_price),
        # Below zero: a price that no market reaches.
        liq_price=None if row.liq_price.startswith("-") else say.price_or_none(row.liq_price),
        updated_ms=say.time_ms(row.updated_time),
        seq=row.seq,
        adl_rank=int(say.number(str(row.adl_rank_indicator))),
    )


def make_wallet(row: WalletRow, updated_ms: int) -> WalletReport | None:
    """Build the USDT side of a wallet, or None when the row does not speak of USDT. Raises BadValue."""
    coin = next((coin for coin in row.coin if coin.coin == _QUOTE), None)
    if coin is None:
        return None
    if not coin.wallet_balance or not coin.equity:
        raise say.BadValue("the wallet does not tell balance or equity of USDT")
    return WalletReport(
        wallet_balance=say.number(coin.wallet_balance),
        equity=say.number(coin.equity),
        available_balance=_available(row, coin),
        updated_ms=updated_ms,
    )


def make_order_from_executions(rows: Sequence[ExecutionRow]) -> OrderReport | None:
    """Describe an order that only its fills remember (the venue forgets closed orders after a restart).

    It counts as filled when the fills reach the ordered quantity, else as cancelled after a partial fill:
    an order that is neither open nor in the history cannot be working. Rows that move no position are left
    out; None when nothing is left. Raises BadValue.
    """
    fills = [fill for row in rows if isinstance(fill := make_execution(row), Execution)]
    wanted = {row.exec_id: say.number(row.order_qty) for row in rows}
    fills = sorted((fill for fill in fills if fill.exec_type.moves_position), key=lambda fill: fill.ts_ms)
    if not fills:
        return None
    first, last = fills[0], fills[-1]
    filled = sum((fill.qty for fill in fills), say.ZERO)
    value = sum((fill.qty * fill.price for fill in fills), say.ZERO)
    asked = max(wanted[first.exec_id], filled)
    return OrderReport(
        symbol=first.symbol,
        order_id=first.order_id,
        order_link_id=first.order_link_id,
        side=first.side,
        status=OrderStatus.FILLED if filled == asked else OrderStatus.PARTIALLY_FILLED_CANCELLED,
        qty=asked,
        cum_exec_qty=filled,
        avg_price=value / filled if filled else None,
        reduce_only=False,
        stop_order_type=first.stop_order_type,
        create_type=first.create_type,
        reject_reason="",
        trigger_price=None,
        position_idx=0,
        created_ms=first.ts_ms,
        updated_ms=last.ts_ms,
    )


def _fee(row: ExecutionRow) -> Decimal:
    fee = say.number(row.exec_fee)
    if row.fee_currency not in ("", _QUOTE):
        # Paid in another coin: its worth in quote is what the rate says of the traded value.
        fee = say.number(row.exec_value) * say.number(row.fee_rate)
    if isinstance(row.extra_fees, list):
        fee += sum((say.number(extra.fee) for extra in row.extra_fees if extra.fee_coin == _QUOTE), say.ZERO)
    return fee


def _available(row: WalletRow, coin: CoinRow) -> Decimal:
    if row.total_available_balance:
        return say.number(row.total_available_balance)
    # In isolated margin the account-level figure is empty.
    held = say.number(coin.total_order_im) + say.number(coin.total_position_im)
    return max(say.number(coin.wallet_balance) - held, say.ZERO)
