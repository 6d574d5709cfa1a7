"""What each kind of fault does when its moment has come; those of trading have a module of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from whalebot.adapters.exchange.server.clock import VenueClock
from whalebot.adapters.exchange.server.connection import Channel
from whalebot.adapters.exchange.server.durations import duration_s
from whalebot.adapters.exchange.server.fault_state import Budget, FaultState, PrivateFault, RequestFault
from whalebot.adapters.exchange.server.fault_trading import TradingFaults
from whalebot.adapters.exchange.server.hub import Hub
from whalebot.adapters.exchange.server.params import Params
from whalebot.adapters.exchange.server.venue import Venue

_CHANNELS: Final = ("public", "private", "trade", "all")
_FRAMES: Final = {
    "garbage": b"\x01{not json",
    "unknown": b'{"topic":"unheard.of.TOPIC","type":"snapshot","ts":1,"data":{}}',
    "null": b'{"topic":"tickers.BTCUSDT","type":"delta","ts":1,"data":null}',
    "missing": b'{"type":"snapshot","ts":1,"data":{}}',
    "array": b"[1,2,3]",
    "huge": b'{"topic":"unheard.of.HUGE","data":"' + b"x" * 2_000_000 + b'"}',
}
Action = Callable[[Params], None]


class FaultActions:
    """Sets faults in force. Their `for` is real time, or market time with `"time": "market"`."""

    def __init__(self, venue: Venue, hub: Hub, state: FaultState, clock: VenueClock) -> None:
        self._venue = venue
        self._hub = hub
        self._state = state
        self._clock = clock
        self._skew = Budget()
        self.table: dict[str, Action] = {
            "drop_streams": self._drop_streams,
            "freeze_streams": self._freeze_streams,
            "refuse_connections": self._refuse_connections,
            "lose_private": lambda params: self._private("lose", params),
            "duplicate_private": lambda params: self._private("duplicate", params),
            "delay_private": lambda params: self._private("delay", params),
            "reorder_private": lambda params: self._private("reorder", params),
            "skip_book_update": self._skip_book_update,
            "send_frame": self._send_frame,
            "rest_error": lambda params: self._request(
                params, params.integer("status", 503, 400, 599), False
            ),
            "rest_error_after": lambda params: self._request(
                params, params.integer("status", 503, 400, 599), True
            ),
            "timeout_before": lambda params: self._request(params, 0, False),
            "timeout_after": lambda params: self._request(params, 0, True),
            "rate_limit_burst": self._rate_limit_burst,
            "clock_skew": self._clock_skew,
            "maintenance": self._maintenance,
            "restart": self._restart,
            **TradingFaults(venue, state).table,
        }

    def expire(self) -> None:
        """End the faults that have to be ended by hand: clock skew, maintenance notice, frozen streams."""
        if self._clock.skew_ms and not self._skew.is_on():
            self._clock.skew_ms = 0
        if self._venue.maintenance and not self._state.maintenance.is_on():
            self._venue.maintenance = []
        if self._state.frozen:
            self._thaw()

    def _thaw(self) -> None:
        self._state.frozen = {
            channel: budget for channel, budget in self._state.frozen.items() if budget.is_on()
        }
        for connection in self._hub.connections:
            connection.is_frozen = connection.channel in self._state.frozen

    def _budget(self, params: Params, default_count: int = 0) -> Budget:
        text = params.text("for")
        count = params.integer("count", 0 if text else default_count, low=0)
        seconds = duration_s(text, "for") if text else 0.0
        if params.choice("time", ("real", "market"), "real") == "market":
            return Budget(self._market_s, self._market_s() + seconds, count)
        return Budget(self._clock.monotonic, self._clock.monotonic() + seconds, count)

    def _market_s(self) -> float:
        return self._venue.market.now_ms / 1000

    def _channels(self, params: Params) -> tuple[Channel, ...]:
        name = params.choice("channel", _CHANNELS, "all")
        return tuple(Channel) if name == "all" else (Channel(name),)

    def _drop_streams(self, params: Params) -> None:
        channels = self._channels(params)
        for connection in tuple(self._hub.connections):
            if connection.channel in channels:
                connection.cut()
        self._refuse_connections(params)

    def _freeze_streams(self, params: Params) -> None:
        for channel in self._channels(params):
            self._state.frozen[channel] = self._budget(params)
        self._thaw()

    def _refuse_connections(self, params: Params) -> None:
        for channel in self._channels(params):
            self._state.refused[channel] = self._budget(params)

    def _private(self, action: str, params: Params) -> None:
        delay_s = duration_s(params.text("delay", "PT1S"), "delay")
        fault = PrivateFault(self._budget(params, 1), action, params.text("topic"), delay_s)
        self._state.private = [old for old in self._state.private if old.budget.is_on()] + [fault]

    def _skip_book_update(self, params: Params) -> None:
        self._state.skipped_books = self._budget(params, 1)

    def _send_frame(self, params: Params) -> None:
        payload = _FRAMES[params.choice("frame", tuple(_FRAMES))]
        channels = self._channels(params)
        for _ in range(params.integer("count", 1, 1, 1000)):
            for connection in tuple(self._hub.connections):
                if connection.channel in channels:
                    self._hub.send(connection, payload)

    def _request(self, params: Params, status: int, is_after: bool) -> None:
        fault = RequestFault(self._budget(params, 1), params.text("path"), status, is_after)
        self._state.requests = [old for old in self._state.requests if old.budget.is_on()] + [fault]

    def _rate_limit_burst(self, params: Params) -> None:
        self._state.rate_burst = self._budget(params, 1)

    def _clock_skew(self, params: Params) -> None:
        self._clock.skew_ms = params.integer("ms", 0, -86_400_000, 86_400_000)
        self._skew = self._budget(params)
        if not params.text("for"):
            self._skew = Budget(count=1)

    def _maintenance(self, params: Params) -> None:
        self._state.maintenance = self._budget(params)
        now_ms = self._clock.now_ms()
        self._venue.maintenance = [
            {
                "id": "local-maintenance",
                "title": "Simulated maintenance",
                "state": "ongoing",
                "begin": str(now_ms),
                "end": "",
                "href": "",
                "serviceTypes": [2],
                "product": [1],
                "uidSuffix": [],
                "maintainType": 2,
                "env": 1,
            }
        ]
        self._drop_all()

    def _restart(self, params: Params) -> None:
        self._state.maintenance = self._budget(params)
        self._venue.feed.restart()
        self._venue.forget_closed_orders()
        self._drop_all()

    def _drop_all(self) -> None:
        for connection in tuple(self._hub.connections):
            connection.cut()
