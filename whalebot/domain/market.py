"""Market facts as they cross the boundary."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from whalebot.domain.intervals import bar_close_ms


@dataclass(frozen=True, slots=True)
class Candle:
    """One bar. Prices: quote per base; volume: base. `open_ms` is ms UTC on the interval's grid."""

    symbol: str
    interval: str
    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal

    @property
    def close_ms(self) -> int:
        """Time (ms UTC) at which the bar is complete: the next bar's open."""
        return bar_close_ms(self.open_ms, self.interval)
