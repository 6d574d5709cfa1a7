"""Cooldown of one symbol and how far its executions were read."""

from __future__ import annotations

from collections import deque
from typing import Final

from whalebot.domain.enums import Signal
from whalebot.domain.state import SymbolMemory

_REMEMBERED_EXECUTIONS: Final = 500


class SymbolSignals:
    """Market times in ms UTC. Executions are remembered by id, so that one is never applied twice."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.signal = Signal.HOLD
        self.last_entry_ms: int | None = None
        self.last_exit_ms: int | None = None
        self.last_exec_ms: int | None = None
        self._bars_since_exit: int | None = None
        self._order: deque[str] = deque()
        self._seen: set[str] = set()

    def restore(self, memory: SymbolMemory) -> None:
        """Take up what the last run remembered."""
        self.signal = memory.signal
        self.last_entry_ms = memory.last_entry_ms
        self.last_exit_ms = memory.last_exit_ms
        self.last_exec_ms = memory.last_exec_ms
        self._bars_since_exit = memory.bars_since_exit
        for exec_id in memory.recent_exec_ids:
            self._remember(exec_id)

    def memory(self) -> SymbolMemory:
        """Return what must survive a restart."""
        return SymbolMemory(
            self.symbol,
            self.signal,
            self.last_entry_ms,
            self.last_exit_ms,
            self.last_exec_ms,
            self._bars_since_exit,
            tuple(self._order),
        )

    def is_new(self, exec_id: str, ts_ms: int) -> bool:
        """True the first time an execution is seen."""
        if exec_id in self._seen:
            return False
        self._remember(exec_id)
        self.last_exec_ms = max(ts_ms, self.last_exec_ms or 0)
        return True

    def has_seen(self, exec_id: str) -> bool:
        """True for an execution that was applied, as far back as they are remembered."""
        return exec_id in self._seen

    def entered(self, now_ms: int) -> None:
        """An entry order was made."""
        self.last_entry_ms = now_ms

    def exited(self, now_ms: int) -> None:
        """A position was closed."""
        self.last_exit_ms = now_ms
        self._bars_since_exit = 0

    def bar_closed(self) -> None:
        """A decision bar closed."""
        if self._bars_since_exit is not None:
            self._bars_since_exit += 1

    def cooldown_until(self, cooldown_ms: int) -> int | None:
        """Return when the next entry is allowed, None where nothing was entered yet."""
        return None if self.last_entry_ms is None else self.last_entry_ms + cooldown_ms

    def cooldown_bars_left(self, cooldown_bars: int) -> int:
        """Return how many decision bars, this one included, must still pass before an entry."""
        if self._bars_since_exit is None:
            return 0
        return max(0, cooldown_bars + 1 - self._bars_since_exit)

    def _remember(self, exec_id: str) -> None:
        self._order.append(exec_id)
        self._seen.add(exec_id)
        if len(self._order) > _REMEMBERED_EXECUTIONS:
            self._seen.discard(self._order.popleft())
