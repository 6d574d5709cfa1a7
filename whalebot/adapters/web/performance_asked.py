"""Performance by window and symbol, counted anew only where the trades in it changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from whalebot.adapters.web.answers import Answers
from whalebot.adapters.web.desk import Desk
from whalebot.domain.intervals import DAY_MS
from whalebot.domain.trade import ClosedTrade

_DAYS: Final = {"7d": 7, "30d": 30, "90d": 90}
_MOST_KEPT: Final = 32


class PerformanceAsked:
    """Remembers the last answers as JSON."""

    def __init__(self, desk: Desk, answers: Answers) -> None:
        self._desk = desk
        self._answers = answers
        self._kept: OrderedDict[tuple[str, str | None, int, int], bytes] = OrderedDict()

    def of(self, window: str, symbol: str | None) -> bytes:
        """Return the performance of a window that ends now (market time)."""
        trades = self._desk.chronicle.trades.of_mode(self._desk.facts.mode)
        begin_ms = begin_of(window, self._now_ms(trades))
        chosen = [t for t in trades if t.exit_ms >= begin_ms and (symbol is None or t.symbol == symbol)]
        # A window only loses trades at its begin: equal version and count are equal trades.
        key = (window, symbol, self._desk.chronicle.trades.version, len(chosen))
        found = self._kept.get(key)
        if found is None:
            before = sum((t.pnl for t in trades if t.exit_ms < begin_ms), Decimal(0))
            found = self._kept[key] = self._made(window, symbol, chosen, before)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return found

    def _made(self, window: str, symbol: str | None, chosen: Sequence[ClosedTrade], before: Decimal) -> bytes:
        mode = self._desk.facts.mode
        shown: dict[str, Any] = {
            "window": window,
            "symbol": symbol,
            "mode": mode,
            "trades": len(chosen),
            **self._desk.reports.performance(mode, chosen, before, window == "all" and symbol is None),
        }
        return self._answers.encode(shown)

    def _now_ms(self, trades: Sequence[ClosedTrade]) -> int:
        view = self._desk.chronicle.view
        if view is not None:
            return view.now_ms
        return trades[-1].exit_ms if trades else 0


def begin_of(window: str, now_ms: int) -> int:
    """Return where a window that ends at `now_ms` begins; days and months are UTC."""
    if window == "all":
        return 0
    if window == "today":
        return now_ms // DAY_MS * DAY_MS
    if window == "month":
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        return int(datetime(now.year, now.month, 1, tzinfo=UTC).timestamp()) * 1000
    return now_ms - _DAYS[window] * DAY_MS
