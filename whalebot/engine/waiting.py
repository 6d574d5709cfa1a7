"""Trades that are over and not recorded yet, since a settlement may still be booked on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from whalebot.domain.orders import FundingPayment
from whalebot.engine.finished import Finished
from whalebot.engine.settlements import NEAR_MS


class WaitingTrades:
    """Keeps them symbol by symbol, oldest first; one symbol may have several."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[Finished, ...]] = {}

    def __contains__(self, symbol: str) -> bool:
        """True while a trade of the symbol waits."""
        return symbol in self._held

    def __iter__(self) -> Iterator[Finished]:
        """Go through all of them."""
        return (held for waiting in self._held.values() for held in waiting)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols with a trade that waits."""
        return tuple(self._held)

    def add(self, finished: Finished) -> None:
        """Let one wait."""
        symbol = finished.memory.symbol
        self._held[symbol] = (*self._held.get(symbol, ()), finished)

    def take(self, symbol: str, is_done: Callable[[Finished], bool]) -> tuple[Finished, ...]:
        """Return those of a symbol that need not wait any more, and forget them."""
        done: list[Finished] = []
        left: list[Finished] = []
        for held in self._held.pop(symbol, ()):
            (done if is_done(held) else left).append(held)
        if left:
            self._held[symbol] = tuple(left)
        return tuple(done)

    def book(self, payment: FundingPayment) -> bool:
        """Book a settlement on the trade that was open then; False where none of these was."""
        waiting = self._held.get(payment.symbol, ())
        for at, held in enumerate(waiting):
            if held.memory.opened_ms <= payment.ts_ms <= held.exit_ms + NEAR_MS:
                paid = held.with_funding(payment.amount)
                self._held[payment.symbol] = (*waiting[:at], paid, *waiting[at + 1 :])
                return True
        return False
