"""`PerformanceTracker`: the running result of one daemon, from the trades and equities it is told."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from whalebot.decisions.performance.equity import EquityPoint, simple_returns
from whalebot.decisions.performance.totals import Totals
from whalebot.domain.intervals import DAY_MS
from whalebot.domain.trade import ClosedTrade


class PerformanceTracker:
    """Totals of one mode's trades, all of them and those of this session, and the days of its equity.

    Plain state without I/O; its size grows by an id a trade and a point a day. Not thread-safe: the engine
    owns it.
    """

    def __init__(self, mode: str, history: Iterable[ClosedTrade] = ()) -> None:
        """mode: whose trades these are; trades of other modes in `history` are left out, never added up."""
        self._mode = mode
        self._all = Totals()
        self._session = Totals()
        self._known: set[str] = set()
        self._closes: list[EquityPoint] = []
        self._peak: Decimal | None = None
        self._max_drawdown = 0.0
        for trade in history:
            if trade.mode == mode:
                self._all = self._take(self._all, trade)

    @property
    def all_time(self) -> Totals:
        """Everything this mode ever closed, this session included."""
        return self._all

    @property
    def session(self) -> Totals:
        """What was closed since the start."""
        return self._session

    def record(self, trade: ClosedTrade) -> bool:
        """Count a trade that was just closed; False when it was counted before.

        Raises ValueError for a trade of another mode.
        """
        if trade.mode != self._mode:
            raise ValueError(
                f"trade {trade.trade_id} of mode {trade.mode!r} told to the tracker of {self._mode!r}"
            )
        if trade.trade_id in self._known:
            return False
        self._all = self._take(self._all, trade)
        self._session = self._session.plus(trade)
        return True

    def mark_equity(self, ts_ms: int, equity: Decimal) -> None:
        """Note equity, unrealised PnL included, at a time (ms UTC); a late one counts for the last day."""
        day_end = (ts_ms // DAY_MS + 1) * DAY_MS
        if not self._closes:
            self._closes.append(EquityPoint(day_end - DAY_MS, equity))
        day_end = max(day_end, self._closes[-1].ts_ms)
        while self._closes[-1].ts_ms < day_end:
            # Days without a word from the venue end as the last one did.
            self._closes.append(EquityPoint(self._closes[-1].ts_ms + DAY_MS, self._closes[-1].equity))
        self._closes[-1] = EquityPoint(day_end, equity)
        self._peak = equity if self._peak is None else max(self._peak, equity)
        self._max_drawdown = max(self._max_drawdown, self.drawdown)

    def shift(self, share: Decimal) -> None:
        """Money was moved into or out of the account, so that equity is `share` of what it was.

        Every equity before counts as that share of itself: returns and drawdowns stay the fractions that they
        were.
        """
        self._closes = [EquityPoint(point.ts_ms, point.equity * share) for point in self._closes]
        self._peak = None if self._peak is None else self._peak * share

    @property
    def drawdown(self) -> float:
        """Distance of the last equity from the session's peak, a fraction of the peak, 0 to 1."""
        if self._peak is None or self._peak <= 0:
            return 0.0
        return min(1.0, float(1 - self._closes[-1].equity / self._peak))

    @property
    def max_drawdown(self) -> float:
        """The deepest drawdown of this session, a fraction, 0 to 1."""
        return self._max_drawdown

    def daily_returns(self) -> list[float]:
        """Return the session's simple return of each UTC day, marked to market, the running day included."""
        return simple_returns(self._closes)

    def _take(self, totals: Totals, trade: ClosedTrade) -> Totals:
        if trade.trade_id in self._known:
            return totals
        self._known.add(trade.trade_id)
        return totals.plus(trade)
