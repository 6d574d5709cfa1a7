"""What looks at a running daemon from outside its loop: text file, daily summary, commands by chat."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping
from datetime import time
from typing import Final
from zoneinfo import ZoneInfo

from whalebot import __version__
from whalebot.adapters.alerts.chat_commands import ChatCommands, ChatDuties
from whalebot.adapters.alerts.daily import Daily
from whalebot.adapters.alerts.system import AlertSystem
from whalebot.adapters.metrics.exposition import render, require
from whalebot.adapters.metrics.textfile import TextfileExport
from whalebot.app import chat_text
from whalebot.app.figures import Figures
from whalebot.app.recent_trades import RecentTrades
from whalebot.app.setup import Setup
from whalebot.domain.events import Command, Order
from whalebot.domain.trade import ClosedTrade
from whalebot.domain.view import View
from whalebot.ports import Clock, EventSink, TradeStore

_DAY_MS: Final = 24 * 3_600_000
_log = logging.getLogger("whalebot")


class Observers:
    """A context; `start` begins what the configuration asks for, the end of the context ends it.

    Everything runs on threads of its own and reads frozen pictures; the loop waits for none of it.
    """

    def __init__(
        self,
        setup: Setup,
        clock: Clock,
        sink: EventSink,
        read_view: Callable[[], View | None],
        alerts: AlertSystem,
        record: Callable[[str, str, Mapping[str, str]], None],
        chat_url: str | None = None,
    ) -> None:
        """record: takes what the audit trail should hold (kind, actor, fields); any thread.

        chat_url: where the chat service is, None for Telegram itself.

        Raises ConfigError where a part is asked for whose extra is not installed.
        """
        self._setup = setup
        self._clock = clock
        self._sink = sink
        self._read_view = read_view
        self._alerts = alerts
        self._record = record
        self._zone = ZoneInfo(setup.config.timezone)
        self._chat_url = chat_url
        self._figures: Figures | None = None
        self._trades: RecentTrades | None = None
        self._stack = contextlib.ExitStack()
        if setup.config.metrics.textfile is not None:
            require()

    def __enter__(self) -> Observers:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End what was begun: without the loop nobody would carry out a command."""
        self._stack.close()

    def trades(self, history: TradeStore) -> TradeStore:
        """Return the history, its newest trades kept for those who want to tell of them."""
        table = self._setup.config.alerts
        if table.daily_summary is None and not table.telegram.enabled:
            return history
        self._trades = RecentTrades(history, self._clock, self._setup.config.mode)
        try:
            self._trades.read_past()
        except OSError as error:
            _log.warning("the trades of the last two days cannot be read: %s", error)
        return self._trades

    def start(self, figures: Figures) -> None:
        """Begin. The loop is about to run."""
        config, self._figures = self._setup.config, figures
        if config.metrics.textfile is not None:
            path = self._setup.paths.dir / config.metrics.textfile
            self._stack.callback(TextfileExport(path, lambda: render(figures.read())).stop)
        if config.alerts.enabled and config.alerts.daily_summary is not None:
            at = time.fromisoformat(config.alerts.daily_summary)
            self._stack.callback(Daily(at, self._zone, self._clock, self.tell_summary).stop)
        if config.alerts.enabled and config.alerts.telegram.enabled:
            self._listen()

    def tell_summary(self) -> None:
        """Tell every channel of the last 24 h. Any thread."""
        text = chat_text.summary_text(self._read_view(), self._last_day(), self._zone, self._quality())
        self._alerts.broadcast(f"whalebot, {self._setup.config.mode}: the last 24 h", text, "daily_summary")

    def _listen(self) -> None:
        from whalebot.adapters.alerts.telegram import TelegramDesk
        from whalebot.adapters.alerts.telegram_api import BASE_URL, TelegramApi

        table = self._setup.config.alerts.telegram
        token = "" if table.token is None else table.token.get_secret_value()
        commands = ChatCommands(table.chat_ids, self._duties())
        self._stack.callback(TelegramDesk(TelegramApi(token, self._chat_url or BASE_URL), commands).stop)

    def _duties(self) -> ChatDuties:
        what_runs = f"whalebot {__version__}, mode {self._setup.config.mode}"
        read, zone = self._read_view, self._zone
        mask = self._setup.masker.mask
        answers = {
            "status": lambda: mask(chat_text.status_text(read(), what_runs)),
            "positions": lambda: chat_text.positions_text(read(), zone),
            "pnl": lambda: chat_text.pnl_text(read(), self._last_day()),
            "alerts": lambda: chat_text.alerts_text(self._alerts.records(), zone),
        }
        return ChatDuties(answers, self._order, self._ack, self._record)

    def _order(self, order: Order, source: str) -> None:
        _log.info("%s: %s", source, order.value)
        self._sink.put(Command(order, source, self._clock.now_ms()))

    def _ack(self, number: int, actor: str) -> bool:
        if self._alerts.ack(number, actor) is None:
            return False
        self._record("alert_seen", actor, {"alert": str(number)})
        return True

    def _quality(self) -> str:
        if self._figures is None:
            return ""
        figures = self._figures.read()
        lost = sum(count for _, count in figures.losses)
        return (
            f"data: streams lost {sum(s.reconnects for s in figures.streams)} times,"
            f" {sum(s.refused_frames for s in figures.streams)} messages unreadable,"
            f" {sum(count for _, count in figures.api_errors)} requests failed, {lost} records dropped"
        )

    def _last_day(self) -> list[ClosedTrade]:
        return [] if self._trades is None else self._trades.since(self._clock.now_ms() - _DAY_MS)
