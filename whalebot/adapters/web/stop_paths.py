"""Where the stop and the target of each position stood, from its entry on."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, TypeAlias

from whalebot.domain.enums import Side
from whalebot.domain.trade import ClosedTrade
from whalebot.domain.view import PositionView, View

MOST_PATHS: Final = 200
_MOST_POINTS: Final = 500

Point: TypeAlias = tuple[int, Decimal | None, Decimal | None]
"""Market time in ms, stop, target."""


@dataclass(slots=True)
class Path:
    """The way of one position's stop. `closed_ms` None while it is open."""

    symbol: str
    side: Side
    entry_price: Decimal
    opened_ms: int
    closed_ms: int | None = None
    points: list[Point] = field(default_factory=list)


class StopPaths:
    """Follows the positions of the views; of trades closed before it began only the first stop is known."""

    def __init__(self, most: int = MOST_PATHS) -> None:
        self._most = most
        self._paths: OrderedDict[tuple[str, int], Path] = OrderedDict()
        self._open: set[tuple[str, int]] = set()

    def follow(self, view: View) -> None:
        """Note every stop and target that differs from what was known."""
        held = set()
        for symbol in view.symbols:
            position = symbol.position
            if position is not None:
                held.add((position.symbol, position.opened_ms))
                self._step(position, view.now_ms)
        for key in self._open - held:
            path = self._paths.get(key)
            if path is not None and path.closed_ms is None:
                path.closed_ms = view.now_ms
        self._open = held

    def end(self, trade: ClosedTrade) -> None:
        """Note when a position was closed; its first stop where it was never seen open."""
        key = (trade.symbol, trade.entry_ms)
        path = self._paths.get(key)
        if path is None:
            path = Path(trade.symbol, trade.side, trade.entry_price, trade.entry_ms)
            path.points.append((trade.entry_ms, trade.initial_stop, None))
            self._keep(key, path)
        path.closed_ms = trade.exit_ms

    def of(self, symbol: str) -> list[Path]:
        """Return the paths of a symbol, oldest first."""
        return [path for path in self._paths.values() if path.symbol == symbol]

    def open_path(self, position: PositionView) -> Path | None:
        """Return the path of an open position."""
        return self._paths.get((position.symbol, position.opened_ms))

    def _step(self, position: PositionView, now_ms: int) -> None:
        key = (position.symbol, position.opened_ms)
        path = self._paths.get(key)
        if path is None:
            path = Path(position.symbol, position.side, position.entry_price, position.opened_ms)
            if position.initial_stop is not None and position.initial_stop != position.stop_loss:
                path.points.append((position.opened_ms, position.initial_stop, position.take_profit))
            self._keep(key, path)
        path.entry_price = position.entry_price
        last = path.points[-1] if path.points else None
        if last is None or last[1:] != (position.stop_loss, position.take_profit):
            at_ms = max(now_ms, position.opened_ms) if last is not None else position.opened_ms
            path.points.append((at_ms, position.stop_loss, position.take_profit))
            if len(path.points) > _MOST_POINTS:
                del path.points[1]

    def _keep(self, key: tuple[str, int], path: Path) -> None:
        self._paths[key] = path
        while len(self._paths) > self._most:
            self._paths.popitem(last=False)
