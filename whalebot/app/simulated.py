"""The modes that trade in this process: paper on live prices, replay on files."""

from __future__ import annotations

import json
import logging
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from whalebot.adapters.bybit.clock_watch import ClockWatch
from whalebot.adapters.bybit.rest import RestFactory, RestSettings
from whalebot.adapters.bybit.streams import BybitWebSocketManager, StreamSettings
from whalebot.adapters.exchange.core import (
    BarLiquidity,
    ConstantLatency,
    Exchange,
    FeeRates,
    InstrumentListed,
    Latency,
    NoLatency,
    Settings,
)
from whalebot.adapters.exchange.inprocess.account import SimulatedAccount
from whalebot.adapters.exchange.inprocess.paper import PaperSink
from whalebot.adapters.exchange.inprocess.player import MarketHistory, MarketPlayer
from whalebot.adapters.exchange.inprocess.reads import ACCOUNT
from whalebot.adapters.exchange.market.pacing import parse_speed
from whalebot.adapters.exchange.market.playback import PlaybackMarket
from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.app.config.convert import to_decimal
from whalebot.app.config.document import Config
from whalebot.app.endpoints import endpoints_of
from whalebot.app.engine_setup import intervals_of
from whalebot.app.listing import find_listed
from whalebot.app.tracks import make_track
from whalebot.app.venue import VenueHealth, VenueParts
from whalebot.app.venue_health import venue_health
from whalebot.domain.enums import Stream
from whalebot.domain.errors import ConfigError, RateLimited, TransportError
from whalebot.domain.events import ClockSkew, StreamUp
from whalebot.domain.instrument import Instrument
from whalebot.engine.settings import MAX_AHEAD_MS, FeedSettings
from whalebot.ports import OrderGateway
from whalebot.runtime.read_actions import Readers

_log = logging.getLogger("whalebot.venue")
_RETRY_S: Final = 5.0
_PAPER_LATENCY_MS: Final = 50
_REMEMBERED_ROWS: Final = 2_000
_PAPER_STATE: Final = "paper.json"


class ReplayVenue:
    """Plays files into the matching core; every run is a new account."""

    keeps_account = False

    def __init__(self, parts: VenueParts) -> None:
        config = parts.setup.config
        self._parts = parts
        options = parts.options
        tracks = [make_track(text, options.tick_size, options.qty_step) for text in config.demo.data]
        market = PlaybackMarket(tracks)
        instruments = [market.instrument(symbol) for symbol in market.symbols]
        core = _new_core(config, NoLatency(), instruments, market.now_ms)
        lock = threading.Lock()
        self._account = SimulatedAccount(
            core, config.traded_symbols, parts.inbox, parts.clock, holds_orders=True
        )
        self._history = MarketHistory(market, lock, parts.clock)
        speed = parse_speed(str(config.demo.speed))
        self._player = MarketPlayer(
            market, self._account, intervals_of(config), speed, parts.inbox, parts.clock, lock
        )
        self.feed = FeedSettings(time_scale=speed.factor or 1.0, has_book=False)
        self.streams = NoBooks()

    def make_gateway(self) -> OrderGateway:
        """Return the account; any thread."""
        return self._account

    def make_readers(self) -> Readers:
        """Return the account and the files' history; any thread."""
        return Readers(self._account, self._history)

    def check(self, halted: threading.Event) -> None:
        """There is nobody to ask."""

    def start(self) -> None:
        """Begin to play."""
        now = self._parts.clock.now_ms()
        for stream in Stream:
            self._parts.inbox.put(StreamUp(stream, now))
        self._parts.inbox.put(ClockSkew(0, 0, now))
        self._player.start()

    def close_streams(self) -> bool:
        """End the play."""
        return self._player.stop()

    def stop(self) -> None:
        """End the play."""
        self._player.stop()

    def threads(self) -> Iterator[threading.Thread]:
        """The player ends with its data, so nobody needs to watch it."""
        return iter(())

    def data_ended(self) -> str:
        """Return that everything was played."""
        return "the data has ended" if self._player.is_finished else ""

    def broken(self) -> str:
        """Return that the player died before the end."""
        died = self._player.thread.ident is not None and not self._player.thread.is_alive()
        return "the player has died" if died and not self._player.is_finished else ""

    def health(self) -> VenueHealth:
        """There is no connection."""
        return VenueHealth()


class PaperVenue:
    """Bybit's public streams, and an account that exists only here; it goes on at the next start."""

    keeps_account = True

    def __init__(self, parts: VenueParts) -> None:
        config = parts.setup.config
        self._parts = parts
        self._file = parts.setup.paths.exchange_state / _PAPER_STATE
        endpoints = endpoints_of(config)
        self._factory = RestFactory(RestSettings(endpoints, config.traded_symbols), parts.clock)
        latency_ms = config.trade_management.latency_ms
        latency = ConstantLatency(int(_PAPER_LATENCY_MS if latency_ms is None else latency_ms))
        core = _load_core(self._file, latency, config) or _new_core(config, latency, (), 0)
        self._account = SimulatedAccount(
            core, config.traded_symbols, parts.inbox, parts.clock, _saver(self._file)
        )
        keeps_time = config.exchange.time_scale == 1 and not endpoints.is_loopback
        self.feed = FeedSettings(
            time_scale=config.exchange.time_scale, max_ahead_ms=MAX_AHEAD_MS if keeps_time else None
        )
        self._sink = PaperSink(self._account, config.traded_symbols, parts.inbox, self._believes)
        self.streams = BybitWebSocketManager(
            StreamSettings(endpoints, config.traded_symbols, intervals_of(config), config.orderbook_limit),
            self._sink,
            parts.clock,
            self._factory.venue_clock,
            random.Random(),
        )
        self._clock_watch = ClockWatch(self._factory, parts.inbox)

    def _believes(self, market_ms: int) -> bool:
        ahead_ms = self.feed.max_ahead_ms
        return ahead_ms is None or market_ms <= self._factory.venue_clock.now_ms() + ahead_ms

    def make_gateway(self) -> OrderGateway:
        """Return the account; any thread."""
        return self._account

    def make_readers(self) -> Readers:
        """Return the account, and the venue's public history for the calling thread."""
        return Readers(self._account, self._factory.client().market)

    def check(self, halted: threading.Event) -> None:
        """Learn the order rules of the symbols; an outage is waited for, until `halted`.

        Raises ConfigError where none is listed.
        """
        client = self._factory.client()
        try:
            while not halted.is_set():
                try:
                    client.market.measure_clock()
                    for instrument in find_listed(client.market, self._parts.setup.config.traded_symbols):
                        self._account.apply(InstrumentListed(instrument, 0))
                    return
                except (TransportError, RateLimited) as error:
                    _log.warning("the venue does not answer (%s); trying again in %.0f s", error, _RETRY_S)
                    halted.wait(_RETRY_S)
        finally:
            client.close()

    def start(self) -> None:
        """Open the public stream; the account is there already."""
        self._clock_watch.start()
        self.streams.start_public_stream()
        self._parts.inbox.put(StreamUp(Stream.PRIVATE, self._parts.clock.now_ms()))

    def close_streams(self) -> bool:
        """End the streams and the measuring of the clock."""
        self.streams.stop_all_streams()
        return self._clock_watch.stop()

    def stop(self) -> None:
        """End everything and keep the account."""
        self.close_streams()
        self._account.save()

    def threads(self) -> Iterator[threading.Thread]:
        """The clock's thread must live."""
        yield self._clock_watch.thread

    def data_ended(self) -> str:
        """Live prices do not end."""
        return ""

    def broken(self) -> str:
        """An outage is waited for."""
        return ""

    def health(self) -> VenueHealth:
        """Return the state of the public stream and what the venue refused. Any thread."""
        return venue_health(self.streams, self._factory)


class NoBooks:
    """Streams of a feed that has no order book."""

    def resubscribe_book(self, symbol: str) -> None:
        """There is none."""


def _new_core(config: Config, latency: Latency, instruments: Iterable[Instrument], now_ms: int) -> Exchange:
    trade = config.trade_management
    core = Exchange(
        liquidity=_liquidity(config),
        latency=latency,
        settings=Settings(history_limit=_REMEMBERED_ROWS, realm=random.getrandbits(31)),
    )
    for instrument in instruments:
        core.apply(InstrumentListed(instrument, now_ms))
    rates = FeeRates(to_decimal(trade.maker_fee_percent) / 100, to_decimal(trade.trading_fee_percent) / 100)
    core.open_account(ACCOUNT, to_decimal(trade.account_balance), now_ms, rates)
    return core


def _liquidity(config: Config) -> BarLiquidity:
    slippage = config.trade_management.slippage_percent
    return BarLiquidity(None if slippage is None else to_decimal(slippage))


def _load_core(file: Path, latency: Latency, config: Config) -> Exchange | None:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        core = Exchange.from_state(json.loads(text), liquidity=_liquidity(config), latency=latency)
        core.skip_ids()
        return core
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{file}: the paper account cannot be read ({error}); move the file away to start a new account"
        ) from None


def _saver(file: Path) -> Callable[[dict[str, Any]], None]:
    files = FileSystem()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def save(state: dict[str, Any]) -> None:
        try:
            files.write_replacing(file, json.dumps(state).encode())
        except OSError as error:
            _log.error("the paper account could not be saved: %s", error)

    return save
