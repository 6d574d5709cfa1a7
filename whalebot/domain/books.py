"""The venue's own books about us: what closing orders earned, and every change of the cash balance."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from whalebot.domain.enums import ExecType, Side

MOVES_MONEY: Final = frozenset({"TRANSFER_IN", "TRANSFER_OUT", "AIRDROP", "BONUS", "BONUS_RECOLLECT"})
"""Kinds of booking that put money into the account or take it out, and are no result of trading."""


@dataclass(frozen=True, slots=True)
class Closing:
    """What one closing order took away from a position. `side` is that of the order.

    `entry_value` and `exit_value` are sums of price times quantity, `close_fee` the cost of leaving, all in
    quote. `ts_ms` is the venue time of its last fill.
    """

    symbol: str
    order_id: str
    side: Side
    exec_type: ExecType
    qty: Decimal
    entry_value: Decimal
    exit_value: Decimal
    close_fee: Decimal
    ts_ms: int


@dataclass(frozen=True, slots=True)
class Booking:
    """One change of the cash balance in quote; `amount` > 0 was received, fees and funding included.

    `kind` is the venue's word: TRADE, SETTLEMENT (funding), LIQUIDATION, TRANSFER_IN... `symbol` is "" where
    it belongs to none.
    """

    booking_id: str
    symbol: str
    kind: str
    amount: Decimal
    ts_ms: int
