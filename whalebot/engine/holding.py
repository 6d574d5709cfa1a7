"""One open position as the engine holds it: the memory that survives, and what the venue last said."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from whalebot.decisions.risk.costs import round_trip_cost
from whalebot.decisions.risk.settings import TradeSettings
from whalebot.decisions.risk.stops import initial_levels, ratchet, stop_levels
from whalebot.domain.effects import AmendStop
from whalebot.domain.instrument import Instrument
from whalebot.domain.orders import PositionReport
from whalebot.domain.records import replace
from whalebot.domain.state import PositionMemory
from whalebot.engine.ledger import entry_price, see_price


@dataclass(slots=True)
class Holding:
    """Mutable only inside the engine. Times in real ms.

    `venue_stop` and `venue_target` are what the venue confirmed (None: no stop, or not told yet).
    `asked_stop` and `asked_target` rode in the entry order and count until the venue says otherwise.
    `refused_target` is one the venue would not take. `replaced_stop` is the stop before the last change of
    ours, `taken_stop` the one it took then. `refusals` counts stops refused since the venue last told of the
    position; from the second on none is sent before `not_before_ms`. `unprotected_since` is set while no stop
    is confirmed.
    `unheard`: of an earlier run, and the venue has not told of it in this one. `ignored` positions are looked
    at, nothing else.
    """

    memory: PositionMemory
    venue_stop: Decimal | None = None
    venue_target: Decimal | None = None
    asked_stop: Decimal | None = None
    asked_target: Decimal | None = None
    report_updated_ms: int = 0
    amend: AmendStop | None = None
    refused_stop: Decimal | None = None
    refused_target: Decimal | None = None
    replaced_stop: Decimal | None = None
    taken_stop: Decimal | None = None
    refusals: int = 0
    not_before_ms: int = 0
    unprotected_since: int | None = None
    repair_sent: bool = False
    unheard: bool = False
    ignored: bool = False
    adl_told: bool = False
    last_fill_real_ms: int = 0

    @property
    def target_there(self) -> Decimal | None:
        """The target the venue has, as far as it told; before that, the one that rode in the entry order."""
        return (
            self.venue_target if self.report_updated_ms or self.venue_stop is not None else self.asked_target
        )

    @property
    def anchored(self) -> bool:
        """True once stop and target stand on the true entry price."""
        return self.memory.initial_stop is not None

    def is_past_refused_stop(self, price: Decimal) -> bool:
        """True when the price is beyond a stop that the venue would not take, and nothing closes it yet."""
        refused = self.refused_stop
        return refused is not None and self.memory.closing_as is None and beyond(self.memory, refused, price)


def anchor(memory: PositionMemory, instrument: Instrument, rules: TradeSettings) -> PositionMemory:
    """Put stop and target where the actual fill price says."""
    stop, target = initial_levels(
        instrument,
        memory.side,
        float(entry_price(memory)),
        memory.atr,
        rules.stop_loss_atr,
        rules.take_profit_atr,
    )
    return replace(memory, initial_stop=stop, stop=stop, target=target)


def follow_price(
    memory: PositionMemory,
    high: Decimal,
    low: Decimal,
    last: Decimal,
    spread: float | None,
    instrument: Instrument,
    rules: TradeSettings,
) -> PositionMemory:
    """Take a price and return the position with the stop its rules ask for; the stop never moves back."""
    memory = see_price(memory, high, low)
    if memory.foreign or memory.stop is None or memory.best_price is None:
        return memory
    entry = float(entry_price(memory))
    stops = rules.stops if not rules.native_trailing else replace(rules.stops, trailing=False)
    cost = round_trip_cost(entry, float(instrument.tick_size), spread, rules.costs)
    levels = stop_levels(memory.side.sign, entry, float(memory.best_price), memory.atr, cost, stops)
    stop = ratchet(instrument, memory.side, memory.stop, last, levels, stops.min_move)
    return memory if stop == memory.stop else replace(memory, stop=stop)


def report_is_newer(holding: Holding, report: PositionReport) -> bool:
    """True unless the report is older than one already taken."""
    return report.updated_ms >= holding.report_updated_ms


def reached(memory: PositionMemory, target: Decimal, price: Decimal) -> bool:
    """True when the price is at a target or past it."""
    return memory.side.sign * (price - target) >= 0


def beyond(memory: PositionMemory, stop: Decimal, price: Decimal) -> bool:
    """True when the price has already passed a stop."""
    return memory.side.sign * (price - stop) <= 0
