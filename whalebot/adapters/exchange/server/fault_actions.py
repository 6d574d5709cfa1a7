"""What each kind of fault does when its moment has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from whalebot.adapters.exchange.core.commands import ClosePosition
from whalebot.adapters.exchange.server.clock import VenueClock
from whalebot.adapters.exchange.server.connection import Channel
from whalebot.adapters.exchange.server.durations import duration_s
from whalebot.adapters.exchange.server.fault_state import Budget, FaultState, PrivateFault, RequestFault
from whalebot.adapters.exchange.server.hub import Hub
from whalebot.adapters.exchange.server.params import Params
from whalebot.adapters.exchange.server.refusal import bad_parameter
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
_DEFAULT_REJECT_CODE: Final = 110007
_DEFAULT_REJECT_TEXT: Final = "ab not enough for new order"
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
            "timeout_before": lambda params: self._request(params, 0, False),
            "timeout_after": lambda params: self._request(params, 0, True),
            "rate_limit_burst": self._rate_limit_burst,
            "clock_skew": self._clock_skew,
            "reject_order": self._reject_order,
            "partial_fills": self._partial_fills,
            "close_position": self._close_position,
            "change_tick": self._change_tick,
            "maintenance": self._maintenance,
            "restart": self._restart,
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

    def _reject_order(self, params: Params) -> None:
        code = params.integer("ret_code", _DEFAULT_REJECT_CODE)
        reject = (code, params.text("ret_msg", _DEFAULT_REJECT_TEXT))
        self._state.rejects.extend([reject] * params.integer("count", 1, 1, 1000))

    def _partial_fills(self, params: Params) -> None:
        share = params.decimal("share")
        if share is None or not 0 <= share <= 1:
            raise bad_parameter("share: expected a fraction from 0 to 1")
        symbol = params.text("symbol")
        for name in [symbol] if symbol else tuple(self._venue.instruments):
            self._venue.limit_fills(name, None if share == 1 else share)

    def _close_position(self, params: Params) -> None:
        symbol = params.required("symbol")
        index = params.integer("positionIdx", 0, 0, 2)
        self._venue.submit(ClosePosition(symbol, index, params.decimal("qty")))

    def _change_tick(self, params: Params) -> None:
        symbol = params.required("symbol")
        tick = params.decimal("tickSize")
        if tick is None or tick <= Decimal(0):
            raise bad_parameter("tickSize: expected a number above 0")
        instrument = replace(self._venue.tradable(symbol), tick_size=tick)
        self._venue.list_instrument(instrument)

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
