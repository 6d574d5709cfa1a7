"""The settings of a run as the numbers that the compiled pass reads."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from whalebot.decisions.risk.costs import NAN
from whalebot.decisions.risk.settings import AtEnd
from whalebot.decisions.risk.stops import phase_numbers
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import DAY_MS, MINUTE_MS
from whalebot.indicators.arrays import IntArray
from whalebot.research.column.slots import Terms, filled
from whalebot.research.settings import BacktestSettings

_WIDEST = 10**9


def terms_of(settings: BacktestSettings) -> Sequence[Terms]:
    """Return one record of terms. Raises ConfigError for more digits than fit."""
    trade, limits = settings.engine.trade, settings.engine.guardrails
    slip_number, slip_whole = 0, 0
    if settings.slippage_percent is not None:
        slip_number, slip_whole = _ratio(settings.slippage_percent / 100, "slippage_percent")
    move_number, move_whole = _ratio(Decimal(repr(trade.stops.min_move)), "min_stop_move_bps")
    values = {
        "closes_on_opposite": trade.close_on_opposite_signal,
        "reverses": trade.reverse_on_opposite_signal,
        "max_open": trade.max_open_positions,
        "max_total": trade.max_total_positions,
        "max_hold": -1 if trade.max_hold_bars is None else trade.max_hold_bars,
        "cooldown_ms": trade.cooldown_ms,
        "cooldown_bars": trade.cooldown_bars,
        "guarded": limits.enabled,
        "max_losses": limits.max_consecutive_losses,
        "pause_ms": limits.cooldown_after_kill_ms,
        "kills": limits.on_kill is AtEnd.CLOSE,
        "max_orders": limits.max_orders_per_minute,
        "slip_number": slip_number,
        "slip_whole": slip_whole,
        "move_number": move_number,
        "move_whole": move_whole,
    }
    found: Sequence[Terms] = filled(Terms, [values | _floats_of(settings)])
    return found


def _floats_of(settings: BacktestSettings) -> dict[str, float]:
    trade, limits = settings.engine.trade, settings.engine.guardrails
    trigger, distance, breakeven, lock_in = phase_numbers(trade.stops)
    cap = limits.max_position_notional
    return {
        "risk": trade.risk_per_trade,
        "stop_atr": trade.stop_loss_atr,
        "target_atr": trade.take_profit_atr,
        "trail_trigger": trigger,
        "trail_distance": distance,
        "breakeven": breakeven,
        "lock_in": lock_in,
        "leverage": float(trade.leverage),
        "taker": float(settings.taker_fee),
        "expected_fee": trade.costs.taker_fee,
        "expected_slip": NAN if trade.costs.slippage is None else trade.costs.slippage,
        "max_day_loss": limits.max_day_loss,
        "max_drawdown": limits.max_drawdown,
        "least_target": NAN if limits.min_target_to_cost is None else limits.min_target_to_cost,
        "price_band": limits.price_band,
        "max_notional": float("inf") if cap is None else float(cap),
    }


def entry_windows(settings: BacktestSettings) -> IntArray:
    """Return (from, to) minutes of the UTC day in which entries are allowed, one row each."""
    session = settings.engine.guardrails.session
    windows = session.windows if session.enabled else ((0, DAY_MS // MINUTE_MS),)
    return np.array(windows, dtype=np.int64).reshape(-1, 2)


def _ratio(share: Decimal, key: str) -> tuple[int, int]:
    number, whole = share.as_integer_ratio()
    if whole > _WIDEST or number * 20 >= whole:
        raise ConfigError(
            f"{key}: the column tier takes at most 9 decimals of a fraction below 0.05; choose --tier event"
        )
    return number, whole
