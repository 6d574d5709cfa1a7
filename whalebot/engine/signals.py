"""Cooldown of one symbol and up to when all its executions are known."""

from __future__ import annotations

from collections import deque
from typing import Final

from whalebot.domain.enums import Signal
from whalebot.domain.state import SymbolMemory

_REMEMBERED_EXECUTIONS: Final = 500
_MOST_REMEMBERED: Final = 2_000


class SymbolSignals:
    """Market times in ms UTC. Executions are remembered by id, so that one is never applied twice.

    `newest_ms` is the time of the newest execution, 0 before the first. `told_to_ms`: every one up to then is
    known, None before the first. A fill that was streamed does not move it, since one before it may have
    been lost; a complete answer does, and a position that agrees with the venue's. What is newer is
    remembered by its id, up to 2,000 executions.
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.signal = Signal.HOLD
        self.last_entry_ms: int | None = None
        self.last_exit_ms: int | None = None
        self.told_to_ms: int | None = None
        self.newest_ms = 0
        self._forgotten_ms = 0
        self._bars_since_exit: int | None = None
        self._order: deque[tuple[str, int]] = deque()
        self._seen: set[str] = set()

    def restore(self, memory: SymbolMemory) -> None:
        """Take up what the last run remembered."""
        self.signal = memory.signal
        self.last_entry_ms = memory.last_entry_ms
        self.last_exit_ms = memory.last_exit_ms
        self.told_to_ms = memory.last_exec_ms
        self._bars_since_exit = memory.bars_since_exit
        told_to_ms = memory.last_exec_ms or 0
        ids = memory.recent_exec_ids
        has_times = len(memory.recent_exec_ms) == len(ids)
        times = memory.recent_exec_ms if has_times else (told_to_ms,) * len(ids)
        self._forgotten_ms = memory.forgotten_ms
        self.newest_ms = max(times, default=told_to_ms)
        for exec_id, ts_ms in zip(ids, times, strict=True):
            self._remember(exec_id, ts_ms)

    def memory(self) -> SymbolMemory:
        """Return what must survive a restart."""
        return SymbolMemory(
            self.symbol,
            self.signal,
            self.last_entry_ms,
            self.last_exit_ms,
            self.told_to_ms,
            self._bars_since_exit,
            tuple(exec_id for exec_id, _ in self._order),
            tuple(ts_ms for _, ts_ms in self._order),
            self._forgotten_ms,
        )

    def is_new(self, exec_id: str, ts_ms: int) -> bool:
        """True the first time an execution is seen."""
        if self.has_seen(exec_id, ts_ms):
            return False
        if self.told_to_ms is None:
            self.told_to_ms = ts_ms
        self.newest_ms = max(ts_ms, self.newest_ms)
        self._remember(exec_id, ts_ms)
        return True

    def has_seen(self, exec_id: str, ts_ms: int) -> bool:
        """True for an execution that was applied, or is older than those that are remembered."""
        return exec_id in self._seen or ts_ms < self._forgotten_ms

    def told_all(self, to_ms: int) -> bool:
        """Note that nothing lacks up to `to_ms`, the time of an execution; False where that was known."""
        if self.told_to_ms is None or to_ms <= self.told_to_ms:
            return False
        self.told_to_ms = to_ms
        self._forget()
        return True

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

    def _remember(self, exec_id: str, ts_ms: int) -> None:
        self._order.append((exec_id, ts_ms))
        self._seen.add(exec_id)
        self._forget()

    def _forget(self) -> None:
        while len(self._order) > _REMEMBERED_EXECUTIONS:
            exec_id, ts_ms = self._order[0]
            if ts_ms >= (self.told_to_ms or 0) and len(self._order) <= _MOST_REMEMBERED:
                return
            self._order.popleft()
            self._seen.discard(exec_id)
            # None of its time is taken for new, or asked for, any more.
            self._forgotten_ms = max(self._forgotten_ms, ts_ms + 1)
            self.told_to_ms = max(self.told_to_ms or 0, self._forgotten_ms)
