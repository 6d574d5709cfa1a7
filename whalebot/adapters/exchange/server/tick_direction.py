"""The venue's word for how a trade's price lies to the one before it."""

from __future__ import annotations

from decimal import Decimal


class TickDirection:
    """PlusTick, MinusTick, or the last of them with Zero in front while the price stays."""

    def __init__(self) -> None:
        self._price: Decimal | None = None
        self._word = "ZeroPlusTick"

    def after(self, price: Decimal, has_traded: bool = True) -> str:
        """Return the word for the newest price; without a trade it stays as it was."""
        if self._price is None:
            self._price = price
        elif price != self._price:
            self._word = "PlusTick" if price > self._price else "MinusTick"
            self._price = price
        elif has_traded and not self._word.startswith("Zero"):
            self._word = f"Zero{self._word}"
        return self._word
