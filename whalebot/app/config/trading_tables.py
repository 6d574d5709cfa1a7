"""Tables about trading: size, stops, exits, guardrails, sessions."""

from __future__ import annotations

from typing import Literal

from whalebot.app.config.fields import (
    ATR,
    BARS,
    BPS,
    MILLISECONDS,
    MINUTES,
    PERCENT,
    QUOTE,
    Table,
    TimeOfDay,
    key,
)


class TradeTable(Table):
    """Size, stops, targets and exits of a position."""

    enabled: bool = key(True, "false: signals only, never an order")
    account_balance: float = key(
        1000.0, "starting equity of demo, replay and paper; the others ask the wallet", QUOTE, gt=0, le=1e12
    )
    risk_per_trade_percent: float = key(
        1.0, "share of equity that a full stop costs, fees included", PERCENT, gt=0, le=100
    )
    stop_loss_atr_multiple: float = key(1.5, "distance of the stop from the entry", ATR, gt=0, le=100)
    take_profit_atr_multiple: float = key(2.0, "distance of the target from the entry", ATR, gt=0, le=100)
    enable_trailing_stop: bool = key(True, "let the stop follow the best price")
    trailing_stop_atr_multiple: float = key(0.8, "distance at which it follows", ATR, gt=0, le=100)
    break_even_atr_trigger: float = key(0.5, "profit at which the trailing stop starts", ATR, ge=0, le=100)
    move_to_breakeven_atr_trigger: float | None = key(
        1.0, "profit at which the stop goes to entry plus costs; null: never", ATR, gt=0, le=100
    )
    profit_lock_in_atr_multiple: float | None = key(
        0.5, "further profit, from then on locked in; null: never", ATR, gt=0, le=100
    )
    close_on_opposite_signal: bool = key(True, "leave when the signal turns")
    reverse_position_on_opposite_signal: bool = key(False, "turn the position round when the signal turns")
    max_open_positions: int = key(1, "positions per symbol (more only with pyramiding)", ge=1, le=10)
    max_total_positions: int = key(5, "positions over all symbols", ge=1, le=500)
    leverage: float = key(5.0, "the venue's setting, hence the cap on margin; not a target", ge=1, le=100)
    order_mode: Literal["MARKET", "LIMIT"] = key("MARKET", "kind of entry order")
    take_profit_type: Literal["MARKET", "LIMIT"] = key("MARKET", "kind of order at the target")
    stop_loss_type: Literal["MARKET"] = key("MARKET", "kind of order at the stop; a limit might not fill")
    trigger_by: Literal["LastPrice", "MarkPrice"] = key(
        "LastPrice", "price that fires stops, here and at the venue"
    )
    max_hold_bars: int | None = key(
        None, "bars after which a position is closed; null: never", BARS, ge=1, le=1_000_000
    )
    min_stop_move_bps: float = key(0.0, "smallest move of the stop worth sending", BPS, ge=0, le=1000)
    native_trailing: bool = key(
        False, "set the venue's own trailing stop besides; it works while the daemon is down"
    )
    slippage_percent: float | None = key(
        None,
        "the simulation's slippage; null: half the spread, or half a tick, plus 1 bp",
        PERCENT,
        ge=0,
        le=10,
    )
    trading_fee_percent: float = key(0.055, "the simulation's taker fee", PERCENT, ge=0, le=1)
    maker_fee_percent: float = key(0.02, "the simulation's maker fee; below 0 a rebate", PERCENT, ge=-1, le=1)
    latency_ms: int | None = key(
        None,
        "the simulation's delay of an order; null: 0 on bars, 50 on trades and books",
        MILLISECONDS,
        ge=0,
        le=60_000,
    )


class PyramidingTable(Table):
    """Adding to a position that is in profit."""

    enabled: bool = key(False, "add to winning positions")
    max_adds: int = key(2, "additions at most", ge=1, le=10)
    step_atr: float = key(0.7, "profit between two additions", ATR, gt=0, le=100)
    size_pct_of_initial: float = key(
        0.5, "size of an addition as a fraction (not percent) of the first entry", gt=0, le=1
    )


class LadderStep(Table):
    """One partial exit."""

    atr_multiple: float = key(..., "distance from the entry", ATR, gt=0, le=100)
    size_percent: float = key(..., "share of the position that is closed there", PERCENT, gt=0, le=100)


class LadderTable(Table):
    """Leaving in parts."""

    enabled: bool = key(False, "take profit in steps")
    steps: tuple[LadderStep, ...] = key(
        (
            LadderStep(atr_multiple=1.0, size_percent=40.0),
            LadderStep(atr_multiple=1.5, size_percent=40.0),
            LadderStep(atr_multiple=2.0, size_percent=20.0),
        ),
        "the steps, nearest first; their shares add up to 100",
    )
    break_even_after_first: bool = key(True, "move the stop to break-even after the first step")


class EvFilterTable(Table):
    """Entries only while recent trades paid."""

    enabled: bool = key(False, "refuse entries while the expectancy of recent trades is not above 0")
    min_trades: int = key(10, "trades below which the filter lets everything pass", ge=10, le=10_000)


class GuardrailTable(Table):
    """Limits that hold before every entry, in every mode."""

    enabled: bool = key(True, "false turns off this table's limits, the cost gate and the notional cap too")
    max_day_loss_pct: float = key(
        3.0, "loss since 00:00 UTC that stops trading until the next 00:00 UTC", PERCENT, gt=0, le=100
    )
    max_drawdown_pct: float = key(8.0, "fall from peak equity that stops trading", PERCENT, gt=0, le=100)
    cooldown_after_kill_min: float = key(
        120.0, "pause after a drawdown or a losing streak", MINUTES, ge=0, le=525_600
    )
    spread_filter_bps: float = key(5.0, "widest spread at which an entry is made", BPS, gt=0, le=10_000)
    max_consecutive_losses: int = key(5, "losing trades in a row that stop trading", ge=1, le=1000)
    max_orders_per_minute: int = key(10, "entry orders in a minute", ge=1, le=600)
    max_position_notional: float | None = key(
        None, "largest notional of one position; null: no cap", QUOTE, gt=0, le=1e12
    )
    price_band_pct: float = key(
        1.0, "largest distance of the price from the mark price", PERCENT, gt=0, le=100
    )
    min_target_to_cost: float | None = key(
        3.0, "an entry's target must be this many round-trip costs away; null: no such gate", gt=0, le=1000
    )
    on_kill: Literal["close", "keep"] = key("close", "what a breach does with open positions")
    max_data_age_s: float = key(10.0, "oldest ticker and book an entry is made on", "s", gt=0, le=3600)
    max_clock_offset_ms: int = key(
        500, "largest difference to the venue's clock", MILLISECONDS, ge=1, le=60_000
    )
    avoid_funding_min: float = key(
        0.0, "minutes before a funding settlement without entries; 0: off", MINUTES, ge=0, le=240
    )


class SessionTable(Table):
    """Hours in which entries are made."""

    enabled: bool = key(False, "make entries only in the hours below")
    utc_allowed: tuple[tuple[TimeOfDay, TimeOfDay], ...] = key(
        (),
        "the hours, UTC; a pair whose end is before its start runs over midnight",
        allowed='a list of pairs ["HH:MM", "HH:MM"]',
    )
