"""Names of our orders: never used twice, not even by another run on the same account."""

from __future__ import annotations

from typing import Final

from whalebot.engine.context import Context

_LONGEST: Final = 36
# Exits leave although the disk refuses their numbers: a start counts on beyond all that may have left so.
_UNSAVED: Final = 100_000


class LinkIds:
    """Mints order link ids from run id, symbol and a number that grows over restarts."""

    def __init__(self, ctx: Context, run_id: str, next_no: int, is_resumed: bool) -> None:
        self._ctx = ctx
        self.run_id = run_id
        self.next_no = next_no + _UNSAVED if is_resumed else next_no

    def mint(self, symbol: str) -> str:
        """Return a new id, 36 characters at most."""
        tail = f"-{self.next_no}"
        self.next_no += 1
        self._ctx.dirty = True
        return f"wb{self.run_id}-{symbol}"[: _LONGEST - len(tail)] + tail
