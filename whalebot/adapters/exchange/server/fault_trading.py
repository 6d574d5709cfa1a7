"""Faults of trading: refused orders, lost stops, thin books, hands from outside, another price grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from whalebot.adapters.exchange.core.commands import ClosePosition
from whalebot.adapters.exchange.server.fault_state import FaultState
from whalebot.adapters.exchange.server.params import Params
from whalebot.adapters.exchange.server.refusal import bad_parameter
from whalebot.adapters.exchange.server.venue import Venue

_DEFAULT_REJECT_CODE: Final = 110007
_DEFAULT_REJECT_TEXT: Final = "ab not enough for new order"


class TradingFaults:
    """Actions by the name of the fault, in `table`."""

    def __init__(self, venue: Venue, state: FaultState) -> None:
        self._venue = venue
        self._state = state
        self.table: dict[str, Callable[[Params], None]] = {
            "reject_order": self._reject_order,
            "drop_stop": self._drop_stop,
            "partial_fills": self._partial_fills,
            "close_position": self._close_position,
            "change_tick": self._change_tick,
        }

    def _reject_order(self, params: Params) -> None:
        code = params.integer("ret_code", _DEFAULT_REJECT_CODE)
        reject = (code, params.text("ret_msg", _DEFAULT_REJECT_TEXT))
        self._state.rejects.extend([reject] * params.integer("count", 1, 1, 1000))

    def _drop_stop(self, params: Params) -> None:
        self._state.dropped_stops[params.text("symbol")] += params.integer("count", 1, 1, 1000)

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
        try:
            self._venue.market.regrid(symbol, tick)
        except ValueError as error:
            raise bad_parameter(f"tickSize: {error}") from error
        self._venue.list_instrument(instrument)
