"""From the file's units to the inside's, once: percent to fractions, seconds and minutes to ms."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from whalebot.app.config.document import Config
from whalebot.decisions.analysis.settings import (
    DynamicThreshold,
    IndicatorSettings,
    MtfSettings,
    ScoringSettings,
)
from whalebot.decisions.risk.settings import (
    Adopt,
    AtEnd,
    CostSettings,
    GuardrailSettings,
    SessionSettings,
    StopRules,
    TradeSettings,
)
from whalebot.domain.enums import TriggerBy
from whalebot.domain.intervals import interval_ms

_SECOND_MS: Final = 1_000
_MINUTE_MS: Final = 60_000


def to_decimal(value: float) -> Decimal:
    """Return the decimal that the owner wrote: 0.055 is 0.055, not its nearest binary fraction; 5.0 is 5."""
    return Decimal(int(value)) if float(value).is_integer() else Decimal(repr(value))


def percent(value: float) -> float:
    """Turn percent into a fraction, exactly as the owner wrote it (0.055 gives 0.00055)."""
    return float(to_decimal(value) / 100)


def bps(value: float) -> float:
    """Turn basis points into a fraction."""
    return float(to_decimal(value) / 10_000)


def milliseconds(value: float, unit_ms: int) -> int:
    """Turn a duration into whole ms."""
    return int((to_decimal(value) * unit_ms).to_integral_value())


def indicator_settings(config: Config) -> IndicatorSettings:
    """Return the indicators' periods and thresholds."""
    return IndicatorSettings(**config.indicator_settings.model_dump())


def mtf_settings(config: Config) -> MtfSettings:
    """Return the higher timeframes; those that are not above the primary one are left out."""
    mtf = config.mtf_analysis
    primary = interval_ms(config.interval)
    return MtfSettings(
        enabled=mtf.enabled,
        higher_timeframes=tuple(name for name in mtf.higher_timeframes if interval_ms(name) > primary),
        trend_indicators=tuple(mtf.trend_indicators),
        trend_period=mtf.trend_period,
    )


def scoring_settings(config: Config) -> ScoringSettings:
    """Return threshold, filter, switches and the active weights."""
    return ScoringSettings(
        threshold=config.signal_score_threshold,
        hysteresis_ratio=config.hysteresis_ratio,
        volume_confirmation_multiplier=config.volume_confirmation_multiplier,
        volume_delta_source=config.volume_delta_source,
        switches=config.indicators.model_dump(),
        weights=config.weights.model_dump(),
        orderbook_depth=config.orderbook_limit,
        dynamic_threshold=DynamicThreshold(enabled=config.dynamic_threshold.enabled),
    )


def trade_settings(config: Config) -> TradeSettings:
    """Return sizing, exits and limits on positions."""
    trade = config.trade_management
    return TradeSettings(
        enabled=trade.enabled,
        risk_per_trade=percent(trade.risk_per_trade_percent),
        stop_loss_atr=trade.stop_loss_atr_multiple,
        take_profit_atr=trade.take_profit_atr_multiple,
        stops=stop_rules(config),
        costs=cost_settings(config),
        close_on_opposite_signal=trade.close_on_opposite_signal,
        reverse_on_opposite_signal=trade.reverse_position_on_opposite_signal,
        max_open_positions=trade.max_open_positions,
        max_total_positions=trade.max_total_positions,
        leverage=to_decimal(trade.leverage),
        trigger_by=TriggerBy(trade.trigger_by),
        max_hold_bars=trade.max_hold_bars,
        native_trailing=trade.native_trailing,
        cooldown_ms=milliseconds(config.cooldown_sec, _SECOND_MS),
        cooldown_bars=config.cooldown_bars,
        adopt=Adopt(config.adopt_foreign_positions),
        on_shutdown=AtEnd(config.on_shutdown),
    )


def stop_rules(config: Config) -> StopRules:
    """Return trailing and break-even; without the break-even phase nothing is locked in either."""
    trade = config.trade_management
    trigger = trade.move_to_breakeven_atr_trigger
    return StopRules(
        trailing=trade.enable_trailing_stop,
        trail_trigger=trade.break_even_atr_trigger,
        trail_distance=trade.trailing_stop_atr_multiple,
        breakeven_trigger=trigger,
        lock_in=trade.profit_lock_in_atr_multiple if trigger is not None else None,
        min_move=bps(trade.min_stop_move_bps),
    )


def cost_settings(config: Config) -> CostSettings:
    """Return expected fees and slippage."""
    trade = config.trade_management
    return CostSettings(
        taker_fee=percent(trade.trading_fee_percent),
        maker_fee=percent(trade.maker_fee_percent),
        slippage=None if trade.slippage_percent is None else percent(trade.slippage_percent),
    )


def guardrail_settings(config: Config) -> GuardrailSettings:
    """Return the limits before every entry, the hours of entries among them."""
    limits = config.risk_guardrails
    cap = limits.max_position_notional
    return GuardrailSettings(
        enabled=limits.enabled,
        max_day_loss=percent(limits.max_day_loss_pct),
        max_drawdown=percent(limits.max_drawdown_pct),
        cooldown_after_kill_ms=milliseconds(limits.cooldown_after_kill_min, _MINUTE_MS),
        max_spread=bps(limits.spread_filter_bps),
        max_consecutive_losses=limits.max_consecutive_losses,
        max_orders_per_minute=limits.max_orders_per_minute,
        max_position_notional=None if cap is None else to_decimal(cap),
        price_band=percent(limits.price_band_pct),
        min_target_to_cost=limits.min_target_to_cost,
        on_kill=AtEnd(limits.on_kill),
        max_data_age_ms=milliseconds(limits.max_data_age_s, _SECOND_MS),
        max_clock_offset_ms=limits.max_clock_offset_ms,
        avoid_funding_ms=milliseconds(limits.avoid_funding_min, _MINUTE_MS),
        session=session_settings(config),
    )


def session_settings(config: Config) -> SessionSettings:
    """Return the hours of entries as minutes of the UTC day."""
    session = config.session_filter
    windows = tuple((_minute(start), _minute(end)) for start, end in session.utc_allowed)
    return SessionSettings(session.enabled, windows)


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
