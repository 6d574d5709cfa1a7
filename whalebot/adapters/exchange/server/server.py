"""The running exchange: market, core, streams and endpoints on one event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from whalebot.adapters.exchange.core.exchange import Exchange
from whalebot.adapters.exchange.core.inputs import SymbolRules
from whalebot.adapters.exchange.market.pacing import parse_speed
from whalebot.adapters.exchange.market.source import MarketSource
from whalebot.adapters.exchange.server.auth import ApiKey, KeyRing
from whalebot.adapters.exchange.server.barrier import Barrier
from whalebot.adapters.exchange.server.clock import MachineClock, VenueClock
from whalebot.adapters.exchange.server.connection import Channel
from whalebot.adapters.exchange.server.control import Control
from whalebot.adapters.exchange.server.disconnect import DisconnectGuard
from whalebot.adapters.exchange.server.disk import Disk
from whalebot.adapters.exchange.server.envelope import Envelopes
from whalebot.adapters.exchange.server.eventlog import EventLog
from whalebot.adapters.exchange.server.fault_actions import FaultActions
from whalebot.adapters.exchange.server.fault_state import FaultState
from whalebot.adapters.exchange.server.faults import FaultDesk
from whalebot.adapters.exchange.server.feed import MarketFeed
from whalebot.adapters.exchange.server.hub import Hub
from whalebot.adapters.exchange.server.options import ExchangeOptions
from whalebot.adapters.exchange.server.private_session import PrivateSession
from whalebot.adapters.exchange.server.public_session import PublicSession
from whalebot.adapters.exchange.server.pump import Pump
from whalebot.adapters.exchange.server.quiet_log import quiet_logger
from whalebot.adapters.exchange.server.rate_limits import RateLimits
from whalebot.adapters.exchange.server.rest import RestGateway
from whalebot.adapters.exchange.server.routes import COMMANDS, ROUTES
from whalebot.adapters.exchange.server.sockets import Sockets
from whalebot.adapters.exchange.server.state_store import VERSION, StateStore
from whalebot.adapters.exchange.server.trade_session import TradeSession
from whalebot.adapters.exchange.server.venue import Venue
from whalebot.domain.errors import ConfigError
from whalebot.domain.instrument import Instrument

HOST: Final = "127.0.0.1"
MAX_BODY_BYTES: Final = 1_048_576
SAVE_EVERY_S: Final = 5.0
FLUSH_EVERY_S: Final = 1.0
# A connection that has asked nothing for so long is closed, one that never finishes its headers too.
IDLE_LIMIT_S: Final = 75.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What a server is made of: the market, the core that knows its instruments, and who they belong to."""

    market: MarketSource
    core: Exchange
    instruments: Mapping[str, Instrument]
    rules: Mapping[str, SymbolRules]
    account: str


class ExchangeServer:
    """Serves one exchange on 127.0.0.1. All methods run on the event loop's thread."""

    def __init__(
        self,
        options: ExchangeOptions,
        parts: Parts,
        machine: MachineClock,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`say` hears what people should know, as a disk that is full."""
        self.port = 0
        self._disk = Disk(say)
        self._options = options
        self._parts = parts
        self._clock = VenueClock(machine)
        self._hub = Hub()
        self._barrier = Barrier()
        market = parts.market
        self._log = EventLog(options.log, lambda: market.now_ms, self._clock.real_ms, options.log_bytes)
        self._fault_state = state = FaultState(
            self._hub.publish,
            self._hub.has_subscribers,
            lambda do, target: self._log.write("strike", do=do, target=target),
        )
        self._limits = RateLimits(options.rate_limits, self._clock.now_ms, lambda: state.rate_burst.use())
        feed = MarketFeed(market, self._hub, parts.instruments, lambda: state.skipped_books.use())
        self._venue = Venue(
            parts.core,
            market,
            parts.instruments,
            parts.rules,
            parts.account,
            self._clock,
            feed,
            self._log,
            self._fault_state,
            options.api_key,
            options.check,
        )
        self._keys = KeyRing((ApiKey(options.api_key, options.api_secret),))
        self._envelopes = Envelopes(is_synthetic=True)
        self._rest = RestGateway(
            self._venue, ROUTES, self._keys, self._limits, self._envelopes, self._fault_state
        )
        guard = DisconnectGuard(self._venue, self._hub)
        self._sockets = Sockets(self._hub, self._barrier, self._clock, self._fault_state, guard.left)
        self._faults = FaultDesk(self._venue, FaultActions(self._venue, self._hub, state, self._clock))
        self._pump = self._make_pump()
        self._venue.on_submit = self._faults.poll
        self._store = StateStore(options.state) if options.state is not None else None
        self._saved_s = self._flushed_s = self._clock.monotonic()
        self._saving: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None
        self.stopped = asyncio.Event()

    def _make_pump(self) -> Pump:
        return Pump(
            self._venue,
            self._hub,
            self._barrier,
            self._clock,
            parse_speed(self._options.speed),
            self._activity,
            lambda: self._rest.in_flight,
            self._tick,
            self._options.follows_clock,
        )

    async def start(self) -> int:
        """Listen and play; returns the port. Raises ConfigError where the port cannot be had."""
        self._runner = web.AppRunner(
            self._app(),
            access_log=None,
            logger=quiet_logger(),
            handle_signals=False,
            shutdown_timeout=0.2,
            keepalive_timeout=IDLE_LIMIT_S,
            auto_decompress=False,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._options.port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise ConfigError(
                f"--port {self._options.port}: cannot listen on {HOST} ({os.strerror(error.errno or 0)});"
                " choose another port, or 0 for a free one"
            ) from error
        self.port = self._runner.addresses[0][1]
        self._log.write("start", market=self._parts.market.name, symbols=list(self._parts.market.symbols))
        if self._options.scenario is not None:
            self._faults.load(self._options.scenario.read_bytes())
        self._spawn(self._pump.run(self._options.waits_for_client))
        self._spawn(self._sockets.watch())
        return self.port

    async def stop(self) -> None:
        """Save, say goodbye to every client and stop listening."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._saving is not None:
            await self._saving
        await self._sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()
        # Last of all: what was asked for and answered until now is in it.
        if self._store is not None:
            self._save(self._store, self._document())
        self._log.close()

    def state(self) -> dict[str, Any]:
        """Return what /control/state says."""
        market = self._parts.market
        return {
            "market": market.name,
            "is_synthetic": market.is_synthetic,
            "symbols": list(market.symbols),
            "speed": self._options.speed,
            "sim_ms": market.now_ms,
            "start_ms": market.start_ms,
            "real_ms": self._clock.real_ms(),
            "started": self._pump.is_started,
            "ended": self._pump.is_ended,
            "bars": self._pump.bars,
            "connections": len(self._hub.connections),
            "slow_clients": self._barrier.slow_clients,
            "messages_out": self._hub.messages_out,
            "requests": self._rest.requests,
            "log_number": self._log.number,
            "violations": self._venue.violations,
            "faults": self._faults.names(),
        }

    def usage(self) -> dict[str, Any]:
        """Return what /control/usage says: how often each call was carried out and each topic subscribed."""
        return {"calls": dict(self._venue.calls), "topics": dict(self._hub.asked)}

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        venue, hub = self._venue, self._hub
        sessions = {
            Channel.PUBLIC: PublicSession(hub, venue.instruments, venue.feed.serves, venue.feed.first_frames),
            Channel.PRIVATE: PrivateSession(hub, self._keys, self._clock),
            Channel.TRADE: TradeSession(
                hub, venue, COMMANDS, self._keys, self._limits, self._envelopes, self._clock
            ),
        }
        paths = {
            "/v5/public/linear": Channel.PUBLIC,
            "/v5/private": Channel.PRIVATE,
            "/v5/trade": Channel.TRADE,
        }
        for path, channel in paths.items():
            app.router.add_get(path, self._socket_handler(channel, sessions[channel]))
        Control(self.state, self.usage, self._log, self._faults).add_routes(app)
        app.router.add_route("*", "/{tail:.*}", self._rest.handle)
        return app

    def _socket_handler(self, channel: Channel, session: Any) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._sockets.serve(request, channel, session)

        return handle

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._on_task_done)
        self._tasks.append(task)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self.stopped.set()

    def failure(self) -> BaseException | None:
        """Return what made a background task end, None when all is well."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and task.exception() is not None:
                return task.exception()
        return None

    def _activity(self) -> int:
        topics = sum(len(connection.topics) for connection in self._hub.connections)
        return self._rest.requests * 1000 + len(self._hub.connections) + topics

    def _tick(self) -> None:
        self._faults.poll()
        now_s = self._clock.monotonic()
        if now_s - self._flushed_s >= FLUSH_EVERY_S:
            self._flushed_s = now_s
            self._disk.attempt("event log", self._log.flush)
        if self._store is not None and now_s - self._saved_s >= SAVE_EVERY_S:
            self._saved_s = now_s
            if self._saving is None or self._saving.done():
                self._saving = asyncio.get_running_loop().create_task(self._save_beside(self._store))
        if self._pump.is_ended and self._options.exit_at_end:
            self.stopped.set()

    async def _save_beside(self, store: StateStore) -> None:
        await asyncio.to_thread(self._save, store, self._document())

    def _save(self, store: StateStore, document: dict[str, Any]) -> None:
        self._disk.attempt("account", lambda: store.save(document))

    def _document(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "market": self._parts.market.export_state(),
            "core": self._parts.core.export_state(),
        }
