"""Shapes of stream frames as the venue sends them. Types only; meaning is given by the decoders.

Decoders of these shapes run in msgspec's lax mode, because the venue writes most numbers as strings.
Fields that may be "" (the venue's "not applicable") stay strings. Unknown fields are ignored.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final

import msgspec

from whalebot.adapters.bybit.conventions import LATEST_MS

# The bounds keep out what a number may be in JSON's spelling as a string: nan, inf, below zero, absurd.
Price = Annotated[float, msgspec.Meta(gt=0, lt=1e20)]
Size = Annotated[float, msgspec.Meta(ge=0, lt=1e20)]
Ms = Annotated[int, msgspec.Meta(ge=0, lt=LATEST_MS)]
Count = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]
# Names reach logs and terminals. What steers them or turns the reading order is kept out; names of other
# scripts are not, because venues list such symbols and one row of them must not spoil the others.
_SHOWABLE: Final = (
    r"^[^\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]*\Z"
)
Name = Annotated[str, msgspec.Meta(max_length=128, pattern=_SHOWABLE)]
PositionIdx = Annotated[int, msgspec.Meta(ge=0, le=2)]
Levels = list[tuple[Price, Size]]


class BookData(msgspec.Struct, gc=False):
    """Inside of an `orderbook` frame."""

    s: str
    b: Levels
    a: Levels
    u: Count
    seq: Count


class BookFrame(msgspec.Struct, gc=False):
    """`orderbook.{depth}.{symbol}`."""

    type: str
    ts: Ms
    data: BookData


class TickerData(msgspec.Struct, gc=False, rename="camel"):
    """Inside of a `tickers` frame; a delta omits what did not change. `usd_index_price` betrays spot."""

    last_price: Decimal | None = None
    mark_price: Decimal | None = None
    index_price: Decimal | None = None
    bid1_price: Decimal | None = None
    ask1_price: Decimal | None = None
    funding_rate: Decimal | None = None
    next_funding_time: Ms | None = None
    usd_index_price: str | None = None


class TickerFrame(msgspec.Struct, gc=False):
    """`tickers.{symbol}`."""

    ts: Ms
    data: TickerData


class TickerTexts(msgspec.Struct):
    """`tickers.{symbol}` where some value is "": the same fields undecoded, to drop the empty ones."""

    ts: Ms
    data: dict[str, str]


class TradeData(msgspec.Struct, gc=False):
    """One public trade; `S` is the taker's side."""

    T: Ms
    S: str
    v: Size
    p: Decimal


class TradeFrame(msgspec.Struct, gc=False):
    """`publicTrade.{symbol}`."""

    data: list[TradeData]


class KlineData(msgspec.Struct, gc=False):
    """One bar; `confirm` tells whether it is complete."""

    start: Ms
    end: Ms
    interval: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    confirm: bool
    timestamp: Ms


class KlineFrame(msgspec.Struct, gc=False):
    """`kline.{interval}.{symbol}`."""

    data: list[KlineData]
    ts: Ms | None = None


class LiquidationData(msgspec.Struct, gc=False):
    """One liquidation; `S` is the side of the liquidated position, `p` the bankruptcy price."""

    T: Ms
    s: str
    S: str
    v: Decimal
    p: Decimal


class LiquidationFrame(msgspec.Struct, gc=False):
    """`allLiquidation.{symbol}`."""

    data: list[LiquidationData]


class OrderRow(msgspec.Struct, rename="camel"):
    """An order, alike in the `order` topic and in REST answers."""

    symbol: Name
    order_id: Name
    side: str
    order_status: str
    qty: Decimal
    order_link_id: Name = ""
    cum_exec_qty: str = ""
    avg_price: str = ""
    reduce_only: bool = False
    stop_order_type: str = ""
    create_type: str = ""
    reject_reason: str = ""
    trigger_price: str = ""
    position_idx: PositionIdx = 0
    created_time: Ms = 0
    updated_time: Ms = 0
    category: str = ""


class ExtraFee(msgspec.Struct, rename="camel"):
    """A tax or surcharge on top of `execFee`."""

    fee_coin: str = ""
    fee: str = ""


class ExecutionRow(msgspec.Struct, rename="camel"):
    """A fill or a funding settlement, alike in the `execution` topic and in REST answers."""

    symbol: Name
    exec_id: Name
    exec_price: Decimal
    exec_qty: Decimal
    exec_time: Ms
    side: str
    exec_type: str = ""
    exec_fee: str = ""
    exec_value: str = ""
    fee_rate: str = ""
    fee_currency: str = ""
    extra_fees: str | list[ExtraFee] = ""
    is_maker: bool = False
    order_id: Name = ""
    order_link_id: Name = ""
    order_qty: str = ""
    stop_order_type: str = ""
    create_type: str = ""
    closed_size: str = ""
    seq: Count = 0
    category: str = ""


class ClosingRow(msgspec.Struct, rename="camel"):
    """What one closing order earned; older answers have no `closeFee`."""

    symbol: Name
    order_id: Name
    side: str
    closed_size: str
    cum_entry_value: str
    cum_exit_value: str
    updated_time: Ms
    closed_pnl: str = ""
    close_fee: str = ""
    exec_type: str = ""


class BookingRow(msgspec.Struct, rename="camel"):
    """One line of the transaction log."""

    id: Name
    transaction_time: Ms
    type: Name
    change: str
    symbol: Name = ""
    category: str = ""
    currency: str = ""


class PositionRow(msgspec.Struct, rename="camel"):
    """A position; the entry price is `entryPrice` in the topic and `avgPrice` in REST."""

    symbol: Name
    side: str
    size: Decimal
    position_idx: PositionIdx = 0
    entry_price: str = ""
    avg_price: str = ""
    stop_loss: str = ""
    take_profit: str = ""
    trailing_stop: str = ""
    leverage: str = ""
    mark_price: str = ""
    liq_price: str = ""
    updated_time: str = ""
    seq: Count = 0
    adl_rank_indicator: int | str = 0
    category: str = ""


class CoinRow(msgspec.Struct, rename="camel"):
    """One coin of a wallet."""

    coin: str
    equity: str = ""
    wallet_balance: str = ""
    total_order_im: str = msgspec.field(default="", name="totalOrderIM")
    total_position_im: str = msgspec.field(default="", name="totalPositionIM")


class WalletRow(msgspec.Struct, rename="camel"):
    """One account's wallet, alike in the `wallet` topic and in REST answers."""

    coin: list[CoinRow]
    total_available_balance: str = ""
    account_type: str = ""


class RowsFrame(msgspec.Struct, rename="camel"):
    """Envelope of every private topic; the rows are decoded one by one."""

    topic: str
    data: list[msgspec.Raw]
    creation_time: Ms = 0


class ControlFrame(msgspec.Struct):
    """Anything without a topic: answers to auth, subscribe, unsubscribe and ping.

    `success` is None where the frame does not say. The trade socket's spelling is accepted too.
    """

    op: str = ""
    topic: str = ""
    success: bool | None = None
    ret_msg: str = ""
    req_id: str = ""
    ret_code: int | None = msgspec.field(default=None, name="retCode")
    ret_msg_camel: str = msgspec.field(default="", name="retMsg")
    type: str = ""
