"""The venue's numbers for a refusal, and its way of wording them."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

PARAMETER: Final = 10001
SYMBOL: Final = 10029
NOT_MODIFIED: Final = 34040
ORDER_NOT_FOUND: Final = 110001
PRICE_RANGE: Final = 110003
AVAILABLE_BALANCE: Final = 110007
TOO_MANY_CONDITIONAL: Final = 110009
INSUFFICIENT_AVAILABLE: Final = 110012
LEVERAGE_TOO_HIGH: Final = 110013
REDUCE_ONLY: Final = 110017
TOO_MANY_ACTIVE: Final = 110020
MODE_HAS_POSITION: Final = 110024
MODE_NOT_MODIFIED: Final = 110025
MODE_HAS_ORDERS: Final = 110028
LEVERAGE_NOT_MODIFIED: Final = 110043
STOP_SIZE: Final = 110058
STOPS_OF_PARTLY_FILLED: Final = 110059
FULL_MODE_FIXED: Final = 110060
TOO_MANY_PARTIAL: Final = 110061
QTY_BELOW_FILLED: Final = 110064
DUPLICATE_LINK_ID: Final = 110072
NOT_LIVE: Final = 110074
RISK_LIMIT: Final = 110090
EXPECT_RISING: Final = 110092
EXPECT_FALLING: Final = 110093
MIN_NOTIONAL: Final = 110094
SLIPPAGE_TICKS: Final = 110108
SLIPPAGE_PERCENT: Final = 110109
NO_PRICE: Final = 110118
MARGIN_MODE_FAILED: Final = 3400045

_PRICE_SCALE: Final = Decimal(10) ** 4
_QTY_SCALE: Final = Decimal(10) ** 8


class Refusal(Exception):
    """A command the venue says no to. Raised before anything was changed; never leaves the core."""

    def __init__(self, ret_code: int, ret_msg: str) -> None:
        super().__init__(f"{ret_code}: {ret_msg}")
        self.ret_code = ret_code
        self.ret_msg = ret_msg


def scaled_price(price: Decimal) -> str:
    """Write a price as the venue does in messages: an integer of 1/10,000."""
    return f"{price * _PRICE_SCALE:.0f}"


def scaled_qty(qty: Decimal) -> str:
    """Write a quantity as the venue does in messages: an integer of 1/100,000,000."""
    return f"{qty * _QTY_SCALE:.0f}"
