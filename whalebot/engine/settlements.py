"""When the positions of a symbol are settled, and which settlements were told."""

from __future__ import annotations

from collections import deque
from typing import Final

from whalebot.domain.intervals import MINUTE_MS
from whalebot.engine.context import Context
from whalebot.engine.market import SymbolMarket

# Market time around the instant in which the venue may still count a position in or out.
NEAR_MS: Final = 5_000
_REMEMBERED: Final = 8
_UNTOLD_INTERVAL_MIN: Final = 480
# No wait is longer than this part of the time between settlements, however fast the market is played.
_SHARE: Final = 8


class Settlements:
    """The settlements of every symbol. Times in ms UTC of the market.

    A market with a time of its own may stand still while ours is carried on: what is over there tells the
    newest event.
    """

    def __init__(self, ctx: Context, markets: dict[str, SymbolMarket]) -> None:
        self._ctx = ctx
        self._markets = markets
        self._told: dict[str, deque[int]] = {}

    @property
    def passed_ms(self) -> int:
        """Market time up to which settlements are over."""
        clock = self._ctx.clock
        return clock.last_event_ms if clock.max_ahead_ms is None else clock.now_ms

    def told(self, symbol: str, ts_ms: int) -> None:
        """Remember that the funding of one was told."""
        told = self._told.setdefault(symbol, deque(maxlen=_REMEMBERED))
        if ts_ms not in told:
            told.append(ts_ms)

    def is_told(self, symbol: str, due_ms: int) -> bool:
        """True when the funding of this settlement is known; each side of a hedge has one of its own."""
        if self._markets[symbol].settles_nothing:
            return True
        if self._ctx.is_hedged(symbol):
            return False
        until_ms = due_ms + self.step_ms(symbol) // 2
        return any(due_ms - NEAR_MS <= ts_ms < until_ms for ts_ms in self._told.get(symbol, ()))

    def is_over(self, due_ms: int) -> bool:
        """True for a settlement that may be over: just started, nothing has told the market's time yet."""
        return not 0 < self.passed_ms < due_ms

    def next_after(self, symbol: str, due_ms: int) -> int:
        """Return the settlement after this one; one that passed meanwhile is not passed over."""
        told, follows = self._markets[symbol].next_funding_ms, due_ms + self.step_ms(symbol)
        if told is None or told <= due_ms or follows <= min(told, self.passed_ms):
            return follows
        return told

    def step_ms(self, symbol: str) -> int:
        """Return the time between two settlements, ms."""
        instrument = self._ctx.instruments.get(symbol)
        minutes = _UNTOLD_INTERVAL_MIN if instrument is None else instrument.funding_interval_min
        return minutes * MINUTE_MS

    def wait_ms(self, symbol: str, real_ms: int) -> int:
        """Return a wait in real ms, shorter where a market played fast would settle again meanwhile."""
        step_ms = self.step_ms(symbol) / self._ctx.settings.feed.time_scale
        return min(real_ms, round(step_ms / _SHARE))
