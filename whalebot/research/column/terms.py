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
from whalebot.research.column.slots import Terms, records
from whalebot.research.settings import BacktestSettings

_WIDEST = 10**9


def terms_of(settings: BacktestSettings) -> Sequence[Terms]:
    """Return one record of terms. Raises ConfigError for more digits than fit."""
    trade, limits = settings.engine.trade, settings.engine.guardrails
    found: Sequence[Terms] = records(Terms, 1)
    terms = found[0]
    terms.closes_on_opposite = trade.close_on_opposite_signal
    terms.reverses = trade.reverse_on_opposite_signal
    terms.max_open, terms.max_total = trade.max_open_positions, trade.max_total_positions
    terms.max_hold = -1 if trade.max_hold_bars is None else trade.max_hold_bars
    terms.cooldown_ms, terms.cooldown_bars = trade.cooldown_ms, trade.cooldown_bars
    terms.guarded, terms.max_losses = limits.enabled, limits.max_consecutive_losses
    terms.pause_ms, terms.kills = limits.cooldown_after_kill_ms, limits.on_kill is AtEnd.CLOSE
    terms.max_orders = limits.max_orders_per_minute
    if settings.slippage_percent is not None:
        share = _ratio(settings.slippage_percent / 100, "slippage_percent")
        terms.slip_number, terms.slip_whole = share
    move = _ratio(Decimal(repr(trade.stops.min_move)), "min_stop_move_bps")
    terms.move_number, terms.move_whole = move
    _set_floats(terms, settings)
    return found


def _set_floats(terms: Terms, settings: BacktestSettings) -> None:
    trade, limits = settings.engine.trade, settings.engine.guardrails
    terms.risk, terms.leverage = trade.risk_per_trade, float(trade.leverage)
    terms.stop_atr, terms.target_atr = trade.stop_loss_atr, trade.take_profit_atr
    phases = phase_numbers(trade.stops)
    terms.trail_trigger, terms.trail_distance, terms.breakeven, terms.lock_in = phases
    terms.taker, terms.expected_fee = float(settings.taker_fee), trade.costs.taker_fee
    terms.expected_slip = NAN if trade.costs.slippage is None else trade.costs.slippage
    terms.max_day_loss, terms.max_drawdown = limits.max_day_loss, limits.max_drawdown
    least = limits.min_target_to_cost
    terms.least_target = NAN if least is None else least
    terms.price_band = limits.price_band
    cap = limits.max_position_notional
    terms.max_notional = float("inf") if cap is None else float(cap)


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
