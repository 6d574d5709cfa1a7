"""The web server of a running daemon: what it is given, when it starts, and that its end ends nothing."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from whalebot import __version__
from whalebot.app.config.convert import to_decimal
from whalebot.app.config.document import Config
from whalebot.app.config.endpoints import KEYED_MODES
from whalebot.app.extras import install
from whalebot.app.setup import Setup
from whalebot.app.web.token import kept_token, own_token
from whalebot.domain.addresses import is_loopback
from whalebot.domain.alerts import AlertRecord
from whalebot.domain.effects import Notice
from whalebot.domain.errors import ConfigError
from whalebot.domain.events import Command, Order
from whalebot.ports import Auditor, Clock, EventSink
from whalebot.runtime.loop import EngineLike
from whalebot.runtime.recorded import RecordedEngine

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from whalebot.adapters.alerts.system import AlertSystem
    from whalebot.adapters.web.chronicle import Chronicle
    from whalebot.adapters.web.desk import Desk, RunFacts
    from whalebot.adapters.web.feed import Feed
    from whalebot.adapters.web.gate import GateRules
    from whalebot.adapters.web.server import WebServer
    from whalebot.app.figures import Figures
    from whalebot.app.reload import Reloader
    from whalebot.domain.trade import ClosedTrade

_log = logging.getLogger("whalebot.web")
_NEEDED: Final = ("fastapi", "uvicorn", "websockets", "prometheus_client")


@dataclass(frozen=True, slots=True)
class RunningParts:
    """What of a running daemon the server may ask; nothing of the engine."""

    alerts: AlertSystem
    audit: Auditor
    vitals: Callable[[], Mapping[str, Any]]
    figures: Figures
    reloader: Reloader
    reload: Callable[[], bool]
    is_file_refused: Callable[[], bool]


class WebRoom:
    """Does nothing where the configuration does not ask for it."""

    def __init__(self, setup: Setup, sink: EventSink, clock: Clock) -> None:
        self._setup = setup
        self._sink = sink
        self._clock = clock
        self._listener: socket.socket | None = None
        self._rules: GateRules | None = None
        self._feed: Feed | None = None
        self._server: WebServer | None = None
        self._is_end_told = False

    def open(self) -> None:
        """Take the port and the token before anything is traded. Raises ConfigError."""
        table = self._setup.config.web
        if not table.enabled:
            return
        check_extra()
        from whalebot.adapters.web.feed import Feed
        from whalebot.adapters.web.gate import GateRules
        from whalebot.adapters.web.server import bind

        is_local = is_loopback(table.host)
        if table.token is None and not is_local:
            raise ConfigError(
                f"web.host {table.host}: other machines can reach it, so it needs a token of yours: set "
                f'web.token to "${{WHALEBOT_WEB_TOKEN}}" and WHALEBOT_WEB_TOKEN=... in .env'
            )
        place = self._setup.paths.web_token
        token = own_token(table.token.get_secret_value()) if table.token is not None else kept_token(place)
        self._setup.masker.add(token)
        self._rules = GateRules(token, is_local, frozenset(table.allowed_hosts))
        self._listener = bind(table.host, table.port)
        self._feed = Feed()
        self._tell(table.host, is_local, "web.token" if table.token is not None else str(place))

    def noted(self, engine: EngineLike) -> EngineLike:
        """Return the engine, what happens told to the server on the way."""
        return engine if self._feed is None else RecordedEngine(engine, self._feed)

    def say(self, notice: Notice) -> None:
        """Take a notice. Any thread; returns at once."""
        if self._feed is not None:
            self._feed.say(notice)

    def progress(self) -> None:
        """The loop went round; returns at once."""
        if self._feed is None:
            return
        self._feed.beat()
        if self._server is not None and self._server.failure and not self._is_end_told:
            self._is_end_told = True
            _log.critical("the web server has ended (%s); trading goes on", self._server.failure)

    def start(self, parts: RunningParts) -> None:
        """Begin to serve."""
        if self._listener is None or self._rules is None or self._feed is None:
            return
        from whalebot.adapters.web.server import WebServer

        rules, mask = self._rules, self._setup.masker.mask

        def make_app() -> ASGIApp:
            from whalebot.adapters.web.application import make_application

            return make_application(desk, rules, mask)

        desk = self._desk(parts, self._feed, self._rules)
        parts.alerts.on_change(self._feed.warn)
        for alert in reversed(parts.alerts.records()):
            desk.chronicle.warn(alert)
        self._server = WebServer(make_app, self._listener)
        self._server.start()

    def end(self) -> None:
        """Let the server begin to end. Returns at once."""
        if self._server is not None:
            self._server.end()

    def stop(self) -> None:
        """End the server and give the port back."""
        if self._server is not None:
            self._server.stop()
        elif self._listener is not None:
            self._listener.close()

    def _desk(self, parts: RunningParts, feed: Feed, rules: GateRules) -> Desk:
        from whalebot.adapters.metrics.exposition import render
        from whalebot.adapters.web.chronicle import Chronicle
        from whalebot.adapters.web.desk import ACTOR, Desk
        from whalebot.app.web.audit import WebAudit
        from whalebot.app.web.config import WebConfig
        from whalebot.app.web.machine import Machine
        from whalebot.app.web.reports import TradeReports
        from whalebot.app.web.scan import ScanFolder

        setup = self._setup
        machine = Machine(setup.paths.dir)
        chronicle = Chronicle()
        start, told = _start_equity(setup.config, chronicle)

        def acknowledge(number: int) -> AlertRecord | None:
            return parts.alerts.ack(number, ACTOR)

        def command(order: Order) -> None:
            _log.info("web: %s", order.value)
            self._sink.put(Command(order, ACTOR, self._clock.now_ms()))

        return Desk(
            facts=self._facts(rules),
            feed=feed,
            chronicle=chronicle,
            reports=TradeReports(start, source=told),
            config=WebConfig(setup, lambda: parts.reloader.config, parts.reload),
            audit=WebAudit(setup.paths.audit, parts.audit),
            vitals=parts.vitals,
            machine=machine.read,
            checks=machine.checks,
            metrics=lambda: render(parts.figures.read()),
            command=command,
            is_file_refused=parts.is_file_refused,
            acknowledge=acknowledge,
            load_history=self._history,
            scanner=ScanFolder(setup),
        )

    def _facts(self, rules: GateRules) -> RunFacts:
        from whalebot.adapters.web.desk import RunFacts

        config = self._setup.config
        return RunFacts(
            kind="daemon",
            mode=config.mode,
            version=__version__,
            interval=config.interval,
            symbols=config.traded_symbols,
            timezone=config.timezone,
            folder=str(self._setup.paths.dir),
            bars_from=bars_from(config),
            simulated_prices=config.mode == "demo" and not config.demo.data,
            reads_need_token=not rules.is_local,
            started_ms=time.time_ns() // 1_000_000,
        )

    def _history(self) -> Sequence[ClosedTrade]:
        from whalebot.adapters.storage.history import read_history

        try:
            return read_history(self._setup.paths.history)[0]
        except FileNotFoundError:
            return ()

    def _tell(self, host: str, is_local: bool, token_place: str) -> None:
        assert self._listener is not None
        port = self._listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        _log.info(
            "dashboard and API at http://%s:%d/ (the token for commands: %s)",
            shown,
            port,
            token_place,
            extra={"kind": "web"},
        )
        if not is_local:
            _log.warning(
                "web.host %s: other machines can reach the server, and nothing is encrypted; put a proxy "
                "with TLS in front, or a tunnel",
                host,
            )


def _start_equity(config: Config, chronicle: Chronicle) -> tuple[Callable[[], Decimal], str]:
    """Return the equity before the first trade, and where it is from, in words."""
    balance = to_decimal(config.trade_management.account_balance)
    if config.mode not in KEYED_MODES:
        return lambda: balance, "Start equity: trade_management.account_balance of the configuration."

    def before() -> Decimal:
        wallet = chronicle.view.wallet_balance if chronicle.view is not None else None
        earned = sum((trade.pnl for trade in chronicle.trades.of_mode(config.mode)), Decimal(0))
        return wallet - earned if wallet is not None and wallet > earned else balance

    return (
        before,
        "Start equity: the wallet less all trades here; money moved in or out is taken as there before.",
    )


def check_extra() -> None:
    """Raise ConfigError where the libraries of the server are not installed."""
    if any(find_spec(name) is None for name in _NEEDED):
        raise ConfigError(f"the web server needs more libraries; {install('web')}")


def bars_from(config: Config) -> str:
    """Say in words where the bars come from."""
    if config.mode == "demo" and not config.demo.data:
        return f"simulated market of the local exchange (seed {config.demo.seed})"
    if config.mode in ("demo", "replay"):
        return "recorded bars, played again"
    return "Bybit public stream"
