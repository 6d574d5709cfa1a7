"""REST clients of one account: a factory that shares clock and limits, a cheap client per thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whalebot.adapters.bybit.answer_counts import AnswerCounts
from whalebot.adapters.bybit.auth import Credentials, VenueClock
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.limits import RateGate, ignore_block, let_through
from whalebot.ports import Clock

if TYPE_CHECKING:
    from whalebot.adapters.bybit.preflight import BybitPreflight
    from whalebot.adapters.bybit.rest_account import BybitAccount
    from whalebot.adapters.bybit.rest_market import BybitMarket
    from whalebot.adapters.bybit.rest_orders import BybitOrders
    from whalebot.adapters.bybit.session import VenueSession


@dataclass(frozen=True, slots=True)
class RestSettings:
    """Where and as whom. `credentials` None allows the public calls only. Timeouts in seconds.

    `reads_per_s` is what is asked of one endpoint in a second at most, until the venue states its own limit.
    """

    endpoints: Endpoints
    symbols: Sequence[str]
    credentials: Credentials | None = None
    recv_window_ms: int = 5000
    connect_timeout_s: float = 3.0
    read_timeout_s: float = 6.0
    reads_per_s: float = 20.0


@dataclass(frozen=True, slots=True)
class RestClient:
    """One connection's worth of calls, for one thread: gateway, account, market and preflight."""

    orders: BybitOrders
    account: BybitAccount
    market: BybitMarket
    preflight: BybitPreflight
    session: VenueSession

    def close(self) -> None:
        """Close the connections."""
        self.session.close()


class RestFactory:
    """Makes clients that share the venue's clock and the account's rate limits; any thread."""

    def __init__(
        self,
        settings: RestSettings,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
        on_blocked: Callable[[int, str], None] = ignore_block,
        fence: Callable[[], None] = let_through,
    ) -> None:
        """on_blocked: told on any thread when the venue refuses our address: until when, by which call.

        fence: asked on any thread before each write, which it holds back by raising NotSent.
        """
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self.venue_clock = VenueClock(clock)
        self.counts = AnswerCounts()
        self._fence = fence
        self._gate = RateGate(clock, sleep, on_open=on_blocked, reads_per_s=settings.reads_per_s)

    def client(self) -> RestClient:
        """Make a client for the calling thread's use."""
        # pybit takes half a second to import; who never asks REST should not pay for it.
        from whalebot.adapters.bybit.preflight import BybitPreflight
        from whalebot.adapters.bybit.rest_account import BybitAccount
        from whalebot.adapters.bybit.rest_market import BybitMarket
        from whalebot.adapters.bybit.rest_orders import BybitOrders
        from whalebot.adapters.bybit.session import VenueSession

        settings = self._settings
        session = VenueSession(
            settings.endpoints.rest_url,
            settings.credentials,
            self.venue_clock,
            self._gate,
            settings.recv_window_ms,
            settings.endpoints.is_loopback,
            (settings.connect_timeout_s, settings.read_timeout_s),
            self.counts,
            self._fence,
        )
        market = BybitMarket(session, self._clock, self.venue_clock, self._sleep)
        return RestClient(
            orders=BybitOrders(session),
            account=BybitAccount(session, market, settings.symbols, self._sleep),
            market=market,
            preflight=BybitPreflight(session, market, self._sleep),
            session=session,
        )
