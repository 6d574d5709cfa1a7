"""The last known picture of a daemon that no longer runs, from its state document."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from whalebot.adapters.storage.state import StateFile
from whalebot.domain.errors import ConfigError
from whalebot.domain.state import PositionMemory, StateDocument
from whalebot.domain.view import SymbolView, View
from whalebot.engine.ledger import open_qty
from whalebot.engine.position_view import position_view

_OWN_TIME = ("demo", "replay")
"""Modes whose market has a time of its own, which the moment of saving says nothing of."""
_NOT_RUNNING = "no daemon runs here: this is what the last one left"


def left_view(path: Path) -> tuple[StateDocument, View] | None:
    """Return the document and the picture it comes to, None where there is none. Prices are not known.

    Raises ConfigError for a document that cannot be read.
    """
    if not path.exists():
        return None
    try:
        document = StateFile(path).peek()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from error
    if document is None:
        raise ConfigError(f"{path}: no whole state can be read; the next start of the daemon says more")
    has_own_time = path.stem in _OWN_TIME
    return document, _view(document, _last_heard(document) if has_own_time else document.saved_ms)


def _last_heard(document: StateDocument) -> int:
    """Return the latest market time that a document tells of; the moment of saving where it tells none."""
    times = [document.cash.known_to_ms]
    for held in document.positions:
        times += [held.opened_ms, held.last_fill_ms]
    for symbol in document.symbols:
        times += [symbol.last_entry_ms, symbol.last_exit_ms, symbol.last_exec_ms, *symbol.recent_exec_ms]
    return max((at_ms for at_ms in times if at_ms), default=document.saved_ms)


def _view(document: StateDocument, now_ms: int) -> View:
    memory = document.guardrails
    held = {position.symbol: position for position in document.positions if open_qty(position)}
    names = list(dict.fromkeys([*(symbol.symbol for symbol in document.symbols), *held]))
    waiting: dict[str, tuple[str, ...]] = {
        name: tuple(i.intent.order_link_id for i in document.intents if i.intent.symbol == name)
        for name in names
    }
    return View(
        now_ms=now_ms,
        real_ms=document.saved_ms,
        tradable=False,
        blocked_by=(_NOT_RUNNING,),
        streams=(),
        symbols=tuple(_symbol(name, held.get(name), waiting[name]) for name in names),
        wallet_balance=None,
        equity=memory.last_equity,
        day_pnl=None,
        drawdown=_drawdown(memory.last_equity, memory.peak_equity),
        consecutive_losses=memory.consecutive_losses,
        trades_closed=0,
        session_pnl=Decimal(0),
        clock_offset_ms=None,
        entries=0,
        refusals=(),
        reconciled_ms=None,
        paused_until_ms=memory.paused_until_ms,
        manual_pause=memory.manual_pause,
    )


def _drawdown(equity: Decimal | None, peak: Decimal | None) -> float:
    return float(1 - equity / peak) if equity is not None and peak else 0.0


def _symbol(name: str, held: PositionMemory | None, waiting: tuple[str, ...]) -> SymbolView:
    position = position_view(held, held.stop, held.target, None) if held is not None else None
    return SymbolView(name, None, None, None, None, True, None, position, waiting, ())
