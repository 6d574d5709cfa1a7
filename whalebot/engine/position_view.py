"""A position as the picture for other threads shows it."""

from __future__ import annotations

from decimal import Decimal

from whalebot.domain.state import PositionMemory
from whalebot.domain.view import PositionView
from whalebot.engine.ledger import entry_price, open_qty, unrealised


def position_view(
    memory: PositionMemory, stop: Decimal | None, target: Decimal | None, last: Decimal | None
) -> PositionView:
    """Return the picture of a position; `stop` and `target` as far as known, `last` None: its result is 0."""
    return PositionView(
        symbol=memory.symbol,
        side=memory.side,
        qty=open_qty(memory),
        entry_price=entry_price(memory),
        stop_loss=stop,
        take_profit=target,
        initial_stop=memory.initial_stop,
        best_price=memory.best_price,
        unrealised_pnl=unrealised(memory, last) if last is not None else Decimal(0),
        fees=memory.fees,
        funding=memory.funding,
        opened_ms=memory.opened_ms,
        entry_score=memory.entry_score,
        foreign=memory.foreign,
        stop_moved=memory.stop_moved,
        last_price=last,
    )
