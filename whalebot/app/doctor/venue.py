"""Asks the venue what the doctor wants to know, one question after the other; a failed one is a finding."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Final, TypeVar

from whalebot.adapters.bybit.auth import Credentials
from whalebot.adapters.bybit.rest import RestClient, RestFactory, RestSettings
from whalebot.adapters.bybit.streams import BybitWebSocketManager, StreamSettings
from whalebot.app.config.convert import to_decimal
from whalebot.app.config.endpoints import KEYED_MODES
from whalebot.app.config.launch import credentials_for
from whalebot.app.doctor.account import judge_account, judge_clock, judge_key, judge_wallet
from whalebot.app.doctor.findings import Finding, fail, ok
from whalebot.app.doctor.instruments import (
    Market,
    judge_cost,
    judge_fees,
    judge_position_mode,
    judge_rules,
    judge_size,
)
from whalebot.app.endpoints import endpoints_of
from whalebot.app.engine_setup import intervals_of
from whalebot.app.setup import Setup
from whalebot.decisions.analysis.bars import bars_of
from whalebot.domain.errors import AuthError, RateLimited, TransportError, VenueFatal, VenueRefused
from whalebot.domain.events import Event
from whalebot.domain.instrument import Instrument
from whalebot.domain.orders import WalletReport
from whalebot.indicators.volatility import atr
from whalebot.runtime.clock import SystemClock

T = TypeVar("T")
_STREAM_WAIT_S: Final = 15.0
_BARS: Final = 200
_REFUSALS: Final = (AuthError, VenueFatal, VenueRefused, RateLimited, TransportError)


class VenueDoctor:
    """Asks one venue. Makes a client and streams of its own and closes them."""

    def __init__(self, setup: Setup, stream_wait_s: float = _STREAM_WAIT_S) -> None:
        """Prepare. Raises ConfigError for addresses that will not do."""
        self._config = setup.config
        self._clock = SystemClock()
        self._wait_s = stream_wait_s
        keys = credentials_for(setup.config, setup.environment)
        self._keys = Credentials(keys.api_key, keys.api_secret) if keys is not None else None
        self._endpoints = endpoints_of(setup.config)
        self._factory = RestFactory(
            RestSettings(
                self._endpoints, setup.config.traded_symbols, self._keys, setup.config.exchange.recv_window_ms
            ),
            self._clock,
        )
        self._failed: Finding | None = None
        self._listed: tuple[str, ...] = ()

    def findings(self) -> Iterator[Finding]:
        """Yield everything there is to say, as it is learnt."""
        client = self._factory.client()
        try:
            skew = self._ask("venue", client.market.measure_clock)
            if skew is None:
                yield self._failure()
                return
            yield judge_clock(skew, self._config)
            wallet = None
            if self._keys is not None:
                yield from self._account(client)
            if self._keys is not None:
                wallet = yield from self._wallet(client)
            yield from self._symbols(client, wallet)
            yield self._streams()
        finally:
            client.close()

    def _account(self, client: RestClient) -> Iterator[Finding]:
        key = self._ask("key", client.preflight.key)
        if key is None:
            yield self._failure()
            # A key the venue refuses would be refused in every further answer: what is left is public.
            self._keys = None
            return
        yield from judge_key(key, self._config)
        account = self._ask("account", client.preflight.account)
        yield from judge_account(account) if account is not None else [self._failure()]

    def _wallet(self, client: RestClient) -> Generator[Finding, None, WalletReport | None]:
        snapshot = self._ask("wallet", client.account.snapshot)
        if snapshot is None:
            yield self._failure()
            return None
        yield judge_wallet(snapshot.wallet.equity, snapshot.wallet.available_balance)
        return snapshot.wallet

    def _symbols(self, client: RestClient, wallet: WalletReport | None) -> Iterator[Finding]:
        symbols = self._config.traded_symbols
        found = self._ask("symbols", lambda: client.market.instruments(symbols))
        if found is None:
            yield self._failure()
            return
        known = {instrument.symbol: instrument for instrument in found}
        self._listed = tuple(name for name in symbols if name in known)
        for name in symbols:
            if name not in known:
                yield fail(name, "is not listed", "correct its name or remove it")
                continue
            yield from judge_rules(known[name], self._config)
            yield from self._rights(client, name)
            yield from self._trade(client, known[name], wallet)

    def _rights(self, client: RestClient, name: str) -> Iterator[Finding]:
        if self._keys is None:
            return
        mode = self._ask(name, lambda: client.preflight.position_mode(name))
        yield from judge_position_mode(name, mode, self._config) if mode is not None else [self._failure()]
        fees = self._ask(name, lambda: client.preflight.fee_rate(name))
        yield judge_fees(name, fees, self._config) if fees is not None else self._failure()

    def _trade(
        self, client: RestClient, instrument: Instrument, wallet: WalletReport | None
    ) -> Iterator[Finding]:
        market = self._ask(instrument.symbol, lambda: self._market(client, instrument.symbol))
        if market is None:
            yield self._failure()
            return
        start = to_decimal(self._config.trade_management.account_balance)
        if self._config.mode not in KEYED_MODES:
            yield judge_size(instrument, market, start, start, self._config)
        elif wallet is not None:
            equity, available = wallet.equity, wallet.available_balance
            yield judge_size(instrument, market, equity, available, self._config)
        yield judge_cost(instrument, market, self._config)

    def _market(self, client: RestClient, symbol: str) -> Market:
        bars = bars_of(client.market.candles(symbol, self._config.interval, None, None, _BARS))
        period = self._config.indicator_settings.atr_period
        if len(bars) <= period:
            raise TransportError(f"only {len(bars)} bars of {symbol}: too few for an ATR of {period}")
        return Market(float(bars.close[-1]), float(atr(bars.high, bars.low, bars.close, period)[-1]))

    def _streams(self) -> Finding:
        config = self._config
        if not self._listed:
            return fail("streams", "no listed symbol to subscribe to", "mend what is said above first")
        streams = BybitWebSocketManager(
            StreamSettings(
                self._endpoints,
                self._listed,
                intervals_of(config),
                config.orderbook_limit,
                self._keys,
                config.exchange.time_scale,
            ),
            _Drain(),
            self._clock,
            self._factory.venue_clock,
            random.Random(),
        )
        try:
            streams.start_public_stream()
            if self._keys is not None:
                streams.start_private_stream()
            if streams.wait_for_initial_data(self._wait_s):
                return ok("streams", "connected, subscribed, data came")
            reasons = [f"{link.name}: {link.last_reason or link.state}" for link in streams.health()]
            text = f"no data within {self._wait_s:.0f} s ({'; '.join(reasons)})"
            return fail("streams", text, "look at firewall and proxy: wss on port 443 must pass")
        finally:
            streams.stop_all_streams()

    def _ask(self, subject: str, question: Callable[[], T]) -> T | None:
        try:
            return question()
        except _REFUSALS as e:
            self._failed = fail(subject, str(e), _advice(e))
            return None

    def _failure(self) -> Finding:
        assert self._failed is not None
        return self._failed


class _Drain:
    """Takes what the streams bring and keeps nothing of it."""

    def __init__(self) -> None:
        self._settled = threading.Event()
        self._settled.set()

    def put(self, event: Event) -> None:
        """Drop an event."""

    def wait_settled(self, timeout_s: float) -> bool:
        """Say that everything was dealt with."""
        return self._settled.wait(timeout_s)


def _advice(error: Exception) -> str:
    if isinstance(error, AuthError):
        return (
            "check BYBIT_API_KEY and BYBIT_API_SECRET: the right venue, not expired, this machine's address"
        )
    if isinstance(error, TransportError):
        return "check the network, and the addresses in exchange"
    if isinstance(error, VenueFatal):
        return "the venue will not serve this account; see its message"
    return "see the venue's message"
