"""What an account, or the operator of the exchange, asks the core to do.

A field that is None was not sent. Wire strings are parsed before they get here; ranges, grids and the state
of the account are judged by the core, with the venue's numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from whalebot.domain.enums import OrderType, Side, TimeInForce, TriggerBy

FULL = "Full"
PARTIAL = "Partial"


@dataclass(frozen=True, slots=True)
class CreateOrder:
    """One order. `trigger_price` makes it conditional; `stop_loss` and `take_profit` ride along.

    `trigger_direction`: 1 waits for a rise, 2 for a fall, 0 lets the core derive it from the last price.
    `qty` 0 with `reduce_only` and `close_on_trigger` closes the position. `tpsl_mode` is "Full", "Partial"
    or "" (Full). `slippage_tolerance_type` is "TickSize", "Percent" or "UNKNOWN" (market orders only).
    """

    symbol: str
    side: Side
    order_type: OrderType
    qty: Decimal
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    order_link_id: str = ""
    position_idx: int = 0
    reduce_only: bool = False
    close_on_trigger: bool = False
    trigger_price: Decimal | None = None
    trigger_direction: int = 0
    trigger_by: TriggerBy = TriggerBy.LAST_PRICE
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    sl_trigger_by: TriggerBy = TriggerBy.LAST_PRICE
    tp_trigger_by: TriggerBy = TriggerBy.LAST_PRICE
    tpsl_mode: str = ""
    sl_order_type: OrderType = OrderType.MARKET
    tp_order_type: OrderType = OrderType.MARKET
    sl_limit_price: Decimal | None = None
    tp_limit_price: Decimal | None = None
    slippage_tolerance_type: str = "UNKNOWN"
    slippage_tolerance: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class AmendOrder:
    """Changes an open order, named by `order_id` or, where that is "", by `order_link_id`.

    None leaves a field; `stop_loss` or `take_profit` 0 removes it.
    """

    symbol: str
    order_id: str = ""
    order_link_id: str = ""
    qty: Decimal | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    trigger_by: TriggerBy | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    sl_trigger_by: TriggerBy | None = None
    tp_trigger_by: TriggerBy | None = None
    sl_limit_price: Decimal | None = None
    tp_limit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancels one open order, named by `order_id` or, where that is "", by `order_link_id`."""

    symbol: str
    order_id: str = ""
    order_link_id: str = ""


@dataclass(frozen=True, slots=True)
class CancelAll:
    """Cancels every open order of a symbol, or of all (None), stops of positions included.

    `order_filter`: "" all kinds, "Order" active ones, "StopOrder" those waiting for a trigger. With
    `stop_order_type` "Stop" a "StopOrder" filter spares take-profits, stop-losses and trailing stops.
    """

    symbol: str | None = None
    order_filter: str = ""
    stop_order_type: str = ""


@dataclass(frozen=True, slots=True)
class SetLeverage:
    """Sets the leverage of a symbol; both sides must be equal in cross margin."""

    symbol: str
    buy_leverage: Decimal
    sell_leverage: Decimal


@dataclass(frozen=True, slots=True)
class SetTradingStop:
    """Sets the stops of a position. None leaves one, 0 cancels it.

    `trailing_stop` is a distance, armed at once or when the last price reaches `active_price`. In "Full"
    mode one stop-loss and one take-profit follow the size of the position; "Partial" adds a pair of its own
    size (`sl_size`, `tp_size`).
    """

    symbol: str
    position_idx: int = 0
    tpsl_mode: str = FULL
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_stop: Decimal | None = None
    active_price: Decimal | None = None
    sl_trigger_by: TriggerBy | None = None
    tp_trigger_by: TriggerBy | None = None
    sl_size: Decimal | None = None
    tp_size: Decimal | None = None
    sl_order_type: OrderType = OrderType.MARKET
    tp_order_type: OrderType = OrderType.MARKET
    sl_limit_price: Decimal | None = None
    tp_limit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SwitchMode:
    """Chooses one-way or hedge mode for a symbol, or for every listed one and those to come (None)."""

    is_hedge: bool
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class SetMarginMode:
    """Chooses isolated or cross margin for the whole account."""

    is_isolated: bool


@dataclass(frozen=True, slots=True)
class ClosePosition:
    """Operator: the owner closes (part of) a position elsewhere, in the venue's own app."""

    symbol: str
    position_idx: int = 0
    qty: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Deposit:
    """Operator: moves USDT into the account, or out of it where `amount` is below zero."""

    amount: Decimal


Command = (
    CreateOrder
    | AmendOrder
    | CancelOrder
    | CancelAll
    | SetLeverage
    | SetTradingStop
    | SwitchMode
    | SetMarginMode
    | ClosePosition
    | Deposit
)
