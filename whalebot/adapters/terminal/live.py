"""The live table: one screen that follows the newest view, drawn on a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Final

from whalebot.adapters.terminal.lines import contributions, position_text, price_text, trends
from whalebot.adapters.terminal.palette import Palette
from whalebot.domain.view import SymbolView, View

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

_log = logging.getLogger(__name__)
_EVERY_S: Final = 0.25
_PLAIN: Final = Palette()


class LiveTable:
    """Draws four times a second what `read` returns; ends with `stop`."""

    def __init__(self, read: Callable[[], View | None], zone: tzinfo = UTC) -> None:
        self._read = read
        self._zone = zone
        self._halt = threading.Event()
        self.thread = threading.Thread(target=self._work, name="live-table", daemon=True)

    def start(self) -> None:
        """Begin to draw."""
        self.thread.start()

    def stop(self) -> None:
        """Draw a last time and end the thread."""
        self._halt.set()
        if self.thread.ident is not None:
            self.thread.join(1.0)

    def _work(self) -> None:
        from rich.live import Live

        try:
            with Live(auto_refresh=False, screen=False) as live:
                while True:
                    view = self._read()
                    if view is not None:
                        live.update(render(view, self._zone), refresh=True)
                    if self._halt.wait(_EVERY_S):
                        return
        except OSError as error:
            _log.warning("the terminal is gone: %s", error)


def render(view: View, zone: tzinfo) -> Group:
    """Return the whole screen for one view."""
    from rich.console import Group
    from rich.text import Text

    at = datetime.fromtimestamp(view.now_ms / 1000, zone).strftime("%Y-%m-%d %H:%M:%S")
    streams = " ".join(f"{name} {'up' if up else 'DOWN'}" for name, up, _ in view.streams)
    equity = f"{view.equity:.2f}" if view.equity is not None else "-"
    day = f"{view.day_pnl:+.2f}" if view.day_pnl is not None else "-"
    state = "trading" if view.tradable else "not trading"
    head = Text(f"{at}  {state}  equity {equity}  day {day}  drawdown {view.drawdown:.2%}  {streams}")
    head.stylize("bold green" if view.tradable else "bold yellow")
    foot = Text(
        f"trades {view.trades_closed}  net {view.session_pnl:+.4f}  "
        f"losses in a row {view.consecutive_losses}  "
        + "  ".join(f"refused {rule} {count}" for rule, count in view.refusals)
    )
    blocked = Text("; ".join(view.blocked_by), style="yellow")
    return Group(head, _table(view), foot, blocked)


def _table(view: View) -> Table:
    from rich.table import Table

    table = Table(expand=True)
    for name, justify in (
        ("symbol", "left"),
        ("price", "right"),
        ("score", "right"),
        ("signal", "left"),
        ("why", "left"),
        ("trends", "left"),
        ("position", "left"),
        ("target", "right"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for symbol in view.symbols:
        table.add_row(*_row(symbol))
    return table


def _row(symbol: SymbolView) -> tuple[str, ...]:
    analysis, position = symbol.analysis, symbol.position
    target = price_text(position.take_profit) if position is not None else ""
    if analysis is None:
        return symbol.symbol, price_text(symbol.last_price), "", "warming up", "", "", "", target
    colour = "green" if analysis.score > 0 else "red"
    return (
        symbol.symbol,
        price_text(symbol.last_price),
        f"[{colour}]{analysis.score:+.2f}[/]",
        analysis.signal.value,
        contributions(analysis),
        trends(analysis),
        position_text(position, _PLAIN),
        target,
    )
