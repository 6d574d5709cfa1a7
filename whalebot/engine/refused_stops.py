"""What a refused stop asks for: is the position still there, and are the venue's rules still the same?"""

from __future__ import annotations

from typing import Final

from whalebot.engine.context import Context
from whalebot.engine.positions import PositionManager
from whalebot.engine.sync import Sync

# A stop that trails may be refused at every price: each question is asked at most so often, real time.
_POSITION_EVERY_MS: Final = 5_000
_RULES_EVERY_MS: Final = 60_000


class RefusedStops:
    """Asks after a refusal, and not again for each one that follows at once."""

    def __init__(self, ctx: Context, positions: PositionManager, sync: Sync) -> None:
        self._ctx = ctx
        self._positions = positions
        self._sync = sync
        self._asked_ms: dict[str, int] = {}
        self._rules_asked_ms: int | None = None

    def on_refused(self, symbol: str) -> None:
        """The venue refused a stop: it may be gone with its position, or lie off a grid that changed."""
        if symbol not in self._positions.holdings:
            return
        now_ms = self._ctx.clock.real_ms
        if self._rules_asked_ms is None or now_ms - self._rules_asked_ms >= _RULES_EVERY_MS:
            self._rules_asked_ms = now_ms
            self._sync.ask_rules()
        asked_ms = self._asked_ms.get(symbol)
        if asked_ms is not None and now_ms - asked_ms < _POSITION_EVERY_MS:
            self._ctx.timers.arm(("refused_stop", symbol), asked_ms + _POSITION_EVERY_MS)
            return
        self._asked_ms[symbol] = now_ms
        self._sync.resync(symbol)

    def on_timer(self, symbol: str) -> None:
        """Stops were refused since the last question: ask what they did not."""
        if symbol in self._positions.holdings:
            self._asked_ms[symbol] = self._ctx.clock.real_ms
            self._sync.resync(symbol)
