"""A venue behind sockets: Bybit itself, or a local exchange that speaks the same."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from whalebot.adapters.bybit.auth import Credentials
from whalebot.adapters.bybit.clock_watch import ClockWatch
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.preflight import KeyFacts
from whalebot.adapters.bybit.rest import RestClient, RestFactory, RestSettings
from whalebot.adapters.bybit.streams import BybitWebSocketManager, StreamSettings
from whalebot.app.demo import DemoExchange
from whalebot.app.engine_setup import intervals_of
from whalebot.app.listing import find_listed
from whalebot.app.venue import VenueHealth, VenueParts
from whalebot.app.venue_health import venue_health
from whalebot.domain.errors import AuthError, RateLimited, TransportError
from whalebot.domain.events import VenueBlocked
from whalebot.engine.settings import MAX_AHEAD_MS, FeedSettings
from whalebot.ports import OrderGateway
from whalebot.runtime.read_actions import Readers

_log = logging.getLogger("whalebot.venue")
_FIRST_RETRY_S: Final = 1.0
_LAST_RETRY_S: Final = 30.0


class RemoteVenue:
    """Streams on threads, REST clients one per lane thread, the venue's clock measured."""

    keeps_account = True

    def __init__(
        self,
        parts: VenueParts,
        endpoints: Endpoints,
        keys: Credentials,
        time_scale: float,
        exchange: DemoExchange | None,
    ) -> None:
        config = parts.setup.config
        self._config = config
        self._exchange = exchange
        self._clients: list[RestClient] = []
        self._lock = threading.Lock()
        self._factory = RestFactory(
            RestSettings(endpoints, config.traded_symbols, keys, config.exchange.recv_window_ms),
            parts.clock,
            on_blocked=lambda until_ms, call: parts.inbox.put(
                VenueBlocked(until_ms, f"{call}: HTTP 403", parts.clock.now_ms())
            ),
            fence=parts.fence,
        )
        # An exchange of this machine may play a market at any time and speed.
        keeps_time = time_scale == 1 and not endpoints.is_loopback
        self.feed = FeedSettings(time_scale=time_scale, max_ahead_ms=MAX_AHEAD_MS if keeps_time else None)
        self.streams = BybitWebSocketManager(
            StreamSettings(
                endpoints,
                config.traded_symbols,
                intervals_of(config),
                config.orderbook_limit,
                keys,
                time_scale,
            ),
            parts.inbox,
            parts.clock,
            self._factory.venue_clock,
            random.Random(),
        )
        self._clock_watch = ClockWatch(self._factory, parts.inbox)

    def make_gateway(self) -> OrderGateway:
        """Return a gateway for the calling thread."""
        return self._client().orders

    def make_readers(self) -> Readers:
        """Return readers for the calling thread."""
        client = self._client()
        return Readers(client.account, client.market)

    def check(self, halted: threading.Event) -> None:
        """Ask who the key belongs to and what it may do; an outage is waited for, until `halted`.

        Raises AuthError for a key that the venue refuses, that may withdraw in mode live, or that is not of
        `exchange.account_id`; VenueFatal where the venue will never serve it; ConfigError where no symbol is
        listed.
        """
        client, wait_s, said = self._factory.client(), _FIRST_RETRY_S, ""
        try:
            while not halted.is_set():
                try:
                    client.market.measure_clock()
                    self._judge(client.preflight.key())
                    self._learn_position_mode(client)
                    return
                except (TransportError, RateLimited) as error:
                    if said != str(error):
                        _log.warning("the venue does not answer (%s); trying again until it does", error)
                    said = str(error)
                    halted.wait(wait_s)
                    wait_s = min(2 * wait_s, _LAST_RETRY_S)
        finally:
            client.close()

    def _learn_position_mode(self, client: RestClient) -> None:
        symbols = [one.symbol for one in find_listed(client.market, self._config.traded_symbols)]
        hedged = frozenset(s for s in symbols if client.preflight.position_mode(s).is_hedge)
        self.feed = replace(self.feed, hedged=hedged)

    def _judge(self, key: KeyFacts) -> None:
        if self._exchange is not None:
            return
        wanted = self._config.exchange.account_id
        if wanted is not None and key.account_id != wanted:
            raise AuthError(
                f"the key belongs to account {key.account_id}, exchange.account_id says {wanted}: "
                "use the key of that account, or correct account_id"
            )
        if self._config.mode == "live" and key.may_withdraw:
            raise AuthError("this key may withdraw money; make one without that permission, bound to this IP")
        if self._config.trade_management.enabled and not key.may_trade:
            raise AuthError("this key may not trade contracts; allow Orders and Positions for it")

    def start(self) -> None:
        """Open both streams and measure the clock from now on."""
        self._clock_watch.start()
        self.streams.start_public_stream()
        self.streams.start_private_stream()

    def close_streams(self) -> bool:
        """End the streams and the measuring of the clock."""
        self.streams.stop_all_streams()
        return self._clock_watch.stop()

    def stop(self) -> None:
        """Close REST connections and, in demo, the exchange."""
        self.close_streams()
        with self._lock:
            for client in self._clients:
                client.close()
        if self._exchange is not None:
            self._exchange.stop()

    def threads(self) -> Iterator[threading.Thread]:
        """The streams restart their own threads; the clock's must live."""
        yield self._clock_watch.thread

    def data_ended(self) -> str:
        """Return that the demo's data was played to its end."""
        return "the data has ended" if self._exchange is not None and self._exchange.data_ended() else ""

    def broken(self) -> str:
        """Return that the demo's exchange is gone; an outage of the venue is waited for."""
        if self._exchange is not None and self._exchange.has_died():
            return "the local exchange has ended; see logs/exchange.log"
        return ""

    def health(self) -> VenueHealth:
        """Return the state of the streams and what the venue refused. Any thread."""
        return venue_health(self.streams, self._factory)

    def _client(self) -> RestClient:
        client = self._factory.client()
        with self._lock:
            self._clients.append(client)
        return client
