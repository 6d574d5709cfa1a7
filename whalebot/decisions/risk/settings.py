"""What the owner chose about risk. Ratios are fractions, durations ms, money Decimal."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from whalebot.domain.enums import TriggerBy


class Adopt(Enum):
    """What to do with a position of a configured symbol that we did not open."""

    PROTECT = "protect"
    IGNORE = "ignore"
    CLOSE = "close"


class AtEnd(Enum):
    """What happens to open positions at shutdown or at a kill."""

    KEEP = "keep"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class StopRules:
    """Trailing and break-even in multiples of the ATR frozen at the decision; None turns a phase off.

    `trail_trigger` arms the trailing stop, `breakeven_trigger` moves it to entry plus costs, and
    `breakeven_trigger` + `lock_in` locks `lock_in` ATR of profit. `min_move` is a fraction of the price.
    """

    trailing: bool = True
    trail_trigger: float = 0.5
    trail_distance: float = 0.8
    breakeven_trigger: float | None = 1.0
    lock_in: float | None = 0.5
    min_move: float = 0.0


@dataclass(frozen=True, slots=True)
class CostSettings:
    """Expected costs. `slippage` None means half the spread (or half a tick) plus 1 bp."""

    taker_fee: float = 0.00055
    maker_fee: float = 0.0002
    slippage: float | None = None


@dataclass(frozen=True, slots=True)
class TradeSettings:
    """Sizing, exits and limits on positions."""

    enabled: bool = True
    risk_per_trade: float = 0.01
    stop_loss_atr: float = 1.5
    take_profit_atr: float = 2.0
    stops: StopRules = field(default_factory=StopRules)
    costs: CostSettings = field(default_factory=CostSettings)
    close_on_opposite_signal: bool = True
    reverse_on_opposite_signal: bool = False
    max_open_positions: int = 1
    max_total_positions: int = 5
    leverage: Decimal = Decimal(5)
    trigger_by: TriggerBy = TriggerBy.LAST_PRICE
    max_hold_bars: int | None = None
    native_trailing: bool = False
    cooldown_ms: int = 60_000
    cooldown_bars: int = 0
    adopt: Adopt = Adopt.PROTECT
    on_shutdown: AtEnd = AtEnd.KEEP


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """Windows in which entries are allowed, as (from, to) minutes of the UTC day; to < from wraps."""

    enabled: bool = False
    windows: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class GuardrailSettings:
    """Limits before every entry. `max_data_age_ms` None where the feed has no real-time pace."""

    enabled: bool = True
    max_day_loss: float = 0.03
    max_drawdown: float = 0.08
    cooldown_after_kill_ms: int = 120 * 60_000
    max_spread: float = 5e-4
    max_consecutive_losses: int = 5
    max_orders_per_minute: int = 10
    max_position_notional: Decimal | None = None
    price_band: float = 0.01
    min_target_to_cost: float | None = 3.0
    on_kill: AtEnd = AtEnd.CLOSE
    max_data_age_ms: int | None = 10_000
    max_clock_offset_ms: int = 500
    avoid_funding_ms: int = 0
    session: SessionSettings = field(default_factory=SessionSettings)
