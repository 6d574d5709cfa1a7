"""Orders on recorded bars: what is decided on a close trades at the next price of its symbol, not before."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from whalebot.domain.instrument import Instrument
from whalebot.domain.orders import OrderIntent, Purpose


class HeldOrders:
    """Keeps orders back. One that is made at a price of its own symbol is worked on at that price."""

    def __init__(self) -> None:
        self._waiting: list[OrderIntent] = []
        self._at = ""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def waits(self, symbol: str) -> bool:
        """True while an order of the symbol is kept back."""
        return any(intent.symbol == symbol for intent in self._waiting)

    def reach(self, symbol: str) -> None:
        """A price of this symbol is being worked on."""
        self._at = symbol

    def leave(self) -> None:
        """No price is being worked on: a bar has closed."""
        self._at = ""

    def keep(self, intent: OrderIntent) -> bool:
        """Keep an order back if it must wait; False where it trades now."""
        if intent.symbol == self._at:
            return False
        self._waiting.append(intent)
        return True

    def take(self, symbol: str, only: Purpose | None = None) -> list[OrderIntent]:
        """Hand out what waits for a price of the symbol, oldest first; `only` of one purpose."""
        due = [i for i in self._waiting if i.symbol == symbol and only in (None, i.purpose)]
        self._waiting = [i for i in self._waiting if i not in due]
        return due


def late(intent: OrderIntent, price: Decimal, instrument: Instrument) -> OrderIntent:
    """Return an entry as it can be made at `price`, which may have passed its stop or its target.

    Both belong on the fill price and are put there as soon as the entry is filled. Until then a stop that was
    passed lies far away, so that the position is seen to have another one than was asked for; a target that
    was passed is left out.
    """
    sign = intent.side.sign
    stop, target = intent.stop_loss, intent.take_profit
    if stop is not None and (price - stop) * sign <= 0:
        stop = instrument.tick_size if sign > 0 else instrument.ceil_price(price * 2)
    if target is not None and (target - price) * sign <= 0:
        target = None
    if stop is intent.stop_loss and target is intent.take_profit:
        return intent
    return replace(intent, stop_loss=stop, take_profit=target)
