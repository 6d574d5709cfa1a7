"""Names of our orders: never used twice, not even by another run on the same account."""

from __future__ import annotations

from typing import Final

from whalebot.engine.context import Context

_LONGEST: Final = 36
# Exits leave although the disk refuses their numbers: a start counts on beyond all that may have left so.
_UNSAVED: Final = 100_000
# Numbers that a start counts from grow by a hundred each second, more than any run makes orders.
_FROM_MS: Final = 1_735_689_600_000  # 2025-01-01
_STEP_MS: Final = 10


class LinkIds:
    """Mints order link ids from run id, symbol and a number that grows over restarts."""

    def __init__(self, ctx: Context, run_id: str, next_no: int, is_resumed: bool) -> None:
        self._ctx = ctx
        self.run_id = run_id
        self._is_resumed = is_resumed
        self.next_no = next_no + _UNSAVED if is_resumed else next_no

    def start(self, real_ms: int) -> None:
        """Count on from the time of the start: another one may have begun from the same saved number."""
        if self._is_resumed:
            self.next_no = max(self.next_no, (real_ms - _FROM_MS) // _STEP_MS)

    def mint(self, symbol: str) -> str:
        """Return a new id, 36 characters at most."""
        tail = f"-{self.next_no}"
        self.next_no += 1
        self._ctx.dirty = True
        return f"wb{self.run_id}-{symbol}"[: _LONGEST - len(tail)] + tail
