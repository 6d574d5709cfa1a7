"""What happens in one campaign run: a pure function from a seed to a configuration and timed actions."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from whalebot.research.chaos.faults import FAULTS, Fault

_DAY_S: Final = 86_400.0
_ACTIONS_PER_S: Final = 0.6
_SYMBOLS: Final = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


_LONG_FREEZES: Final = 0.02
"""The share of seeds with a freeze of 35 to 40 s."""


_HEDGED: Final = 0.1
"""The share of seeds in which the account is in hedge mode."""


class Kind(StrEnum):
    """What is done: a fault of the exchange, or something to a process or to its disk."""

    FAULT = "fault"
    KILL = "kill"
    RESTART = "restart"
    FREEZE = "freeze"
    DISK_FULL = "disk_full"
    READ_ONLY = "read_only"
    EXCHANGE_RESTART = "exchange_restart"


_WEIGHTS: Final = {
    Kind.FAULT: 70,
    Kind.KILL: 12,
    Kind.RESTART: 3,
    Kind.FREEZE: 5,
    Kind.DISK_FULL: 4,
    Kind.READ_ONLY: 3,
    Kind.EXCHANGE_RESTART: 3,
}
_LONGEST_S: Final = {
    Kind.KILL: 1.5,
    Kind.RESTART: 0.5,
    Kind.FREEZE: 4.0,
    Kind.DISK_FULL: 3.0,
    Kind.READ_ONLY: 3.0,
    Kind.EXCHANGE_RESTART: 2.0,
}
_MOMENTS: Final = ("now", "now", "order", "execution", "stop")
"""A kill strikes at once, or a few ms after the exchange's log has such a line."""


@dataclass(frozen=True, slots=True)
class Action:
    """At `at_s` real seconds after trading began; what lasts does so for `lasts_s`.

    `moment` other than "now" waits for the next line of that kind in the exchange's log, and `delay_s` more.
    """

    at_s: float
    kind: Kind
    lasts_s: float = 0.0
    moment: str = "now"
    delay_s: float = 0.0
    faults: tuple[Fault, ...] = ()
    ending: tuple[Fault, ...] = ()

    @property
    def name(self) -> str:
        """The fault's own name, or the kind of the action."""
        return self.faults[0]["do"] if self.faults else self.kind.value


@dataclass(frozen=True, slots=True)
class Schedule:
    """One run: `days` of market time at `speed`, on the generated market `seed` or on a file.

    `start_share` is where in a file the run begins, from 0 (its first possible bar) to 1 (its last).
    `hedged`: the account holds long and short apart.
    """

    seed: int
    days: float
    speed: float
    symbols: tuple[str, ...]
    settings: dict[str, Any]
    actions: tuple[Action, ...]
    start_share: float = 0.0
    lasts_s: float = field(default=0.0)
    hedged: bool = False


def make_schedule(seed: int, days: float, speed: float, symbols: tuple[str, ...] = ()) -> Schedule:
    """Return the schedule of a seed. `symbols` are those of a data file; none: the seed chooses."""
    draw = random.Random(f"whalebot chaos {seed}")
    traded = symbols or _SYMBOLS[: draw.choice((1, 1, 2, 3))]
    settings = _settings(draw, traded)
    lasts_s = days * _DAY_S / speed
    count = max(2, round(draw.gauss(_ACTIONS_PER_S * lasts_s, 1.5)))
    times = sorted(draw.uniform(0.2, max(0.4, lasts_s * 0.95)) for _ in range(count))
    actions = [_action(draw, at_s, traded) for at_s in times]
    if draw.random() < _LONG_FREEZES:
        actions.append(_long_freeze(draw, lasts_s))
        actions.sort(key=lambda action: action.at_s)
    share, hedged = draw.random(), draw.random() < _HEDGED
    return Schedule(seed, days, speed, traded, settings, tuple(actions), share, lasts_s, hedged)


def _long_freeze(draw: random.Random, lasts_s: float) -> Action:
    """Longer than a venue keeps a silent client: every connection and every answer is from another time."""
    at_s = draw.uniform(0.2, max(0.4, lasts_s * 0.95))
    return Action(at_s, Kind.FREEZE, draw.uniform(35, 40), draw.choice(_MOMENTS))


def _action(draw: random.Random, at_s: float, symbols: tuple[str, ...]) -> Action:
    kind = draw.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    if kind is Kind.FAULT:
        return _fault(draw, at_s, symbols)
    moment = draw.choice(_MOMENTS) if kind in (Kind.KILL, Kind.FREEZE) else "now"
    delay_s = draw.choice((0.0, draw.uniform(0, 0.005), draw.uniform(0, 0.08)))
    return Action(at_s, kind, draw.uniform(0.05, _LONGEST_S[kind]), moment, delay_s)


def _fault(draw: random.Random, at_s: float, symbols: tuple[str, ...]) -> Action:
    make = draw.choices([entry[0] for entry in FAULTS], [entry[1] for entry in FAULTS])[0]
    strike = make(draw, draw.choice(symbols))
    entry = strike.fault
    if strike.may_wait and draw.random() < 0.4:
        entry = {**entry, "after": {draw.choice(("orders", "executions")): 1}}
    return Action(at_s, Kind.FAULT, strike.lasts_s, faults=(entry,), ending=strike.ending)


def _settings(draw: random.Random, symbols: tuple[str, ...]) -> dict[str, Any]:
    """Trades often and is never paused, so that short days hold many trades."""
    exits: dict[str, Any] = draw.choice(
        (
            {},
            {},
            {"reverse_position_on_opposite_signal": True},
            {"max_hold_bars": draw.randint(3, 30)},
            {"enable_trailing_stop": False, "max_hold_bars": 40, "stop_loss_atr_multiple": 4},
            {"native_trailing": True},
            {"take_profit_atr_multiple": 6, "trailing_stop_atr_multiple": 1.5},
            {"trigger_by": "MarkPrice"},
        )
    )
    return {
        "interval": draw.choice(("15", "15", "15", "5")),
        "symbols": list(symbols),
        "signal_score_threshold": draw.choice((0.3, 0.5, 0.8)),
        "adopt_foreign_positions": draw.choice(("protect", "protect", "close")),
        "on_shutdown": draw.choice(("keep", "keep", "keep", "close")),
        "trade_management": {"account_balance": 100_000, **exits},
        "risk_guardrails": {
            "max_consecutive_losses": 1000,
            "max_day_loss_pct": 95,
            "max_drawdown_pct": 95,
            "price_band_pct": 50,
            "spread_filter_bps": 50,
            "min_target_to_cost": 0.1,
            "max_orders_per_minute": 600,
        },
    }
