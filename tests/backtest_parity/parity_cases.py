"""Random markets, settings and decisions for both tiers of a backtest, each a function of one seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from whalebot.adapters.exchange.market.bars import BarTable
from whalebot.adapters.feeds.funding import FundingRate
from whalebot.decisions.risk.settings import (
    AtEnd,
    CostSettings,
    GuardrailSettings,
    SessionSettings,
    StopRules,
    TradeSettings,
)
from whalebot.domain.instrument import Instrument
from whalebot.domain.intervals import interval_ms
from whalebot.engine.settings import EngineSettings
from whalebot.research.dataset import Dataset, DatedRules, SymbolData, make_symbol_data
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategy import DecisionColumns

Ints = NDArray[np.int64]
START_MS = 1_700_006_400_000
SYMBOLS = ("AAAUSDT", "BBBUSDT", "CCCUSDT")
PAIRS = (("1", "1"), ("5", "5"), ("15", "15"), ("60", "60"), ("1", "5"), ("5", "15"), ("5", "60"), ("1", "3"))


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that both tiers are given."""

    settings: BacktestSettings
    dataset: Dataset
    columns: dict[str, DecisionColumns]


class Dice:
    """Random choices in the words of this file."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def of(self, *choices: object) -> object:
        """One of them."""
        return choices[int(self.rng.integers(len(choices)))]

    def number(self, low: float, high: float, digits: int = 3) -> float:
        """A rounded number between."""
        return round(float(self.rng.uniform(low, high)), digits)

    def chance(self, share: float) -> bool:
        """True that often."""
        return bool(self.rng.random() < share)


def make_case(seed: int) -> Case:
    """A whole case: one to three symbols on one account."""
    dice = Dice(seed)
    fine, interval = PAIRS[int(dice.rng.integers(len(PAIRS)))]
    count = int(dice.rng.integers(60, 400)) * (interval_ms(interval) // interval_ms(fine))
    symbols = tuple(
        make_symbol(dice, name, fine, interval, min(count, 1500))
        for name in SYMBOLS[: int(dice.of(1, 1, 1, 2, 3))]  # type: ignore[call-overload]
    )
    dataset = Dataset(interval, symbols)
    return Case(make_settings(dice, dataset), dataset, {s.symbol: make_columns(dice, s) for s in symbols})


def make_harsh_case(seed: int) -> Case:
    """A case whose symbols have holes at different times, on an account whose limits bite often."""
    case, dice = make_case(seed), Dice(seed + 1_000_000)
    engine = case.settings.engine
    limits = replace(
        engine.guardrails,
        enabled=True,
        max_day_loss=dice.number(0.005, 0.05),
        max_drawdown=dice.number(0.01, 0.1),
        cooldown_after_kill_ms=int(dice.of(5, 7, 30, 60, 180)) * 60_000,  # type: ignore[call-overload]
        max_consecutive_losses=int(dice.of(1, 2, 3, 5)),  # type: ignore[call-overload]
        min_target_to_cost=None,
        max_orders_per_minute=10,
        session=SessionSettings(),
    )
    trade = replace(engine.trade, max_hold_bars=None, max_total_positions=5)
    engine = replace(engine, guardrails=limits, trade=trade)
    dataset, columns = case.dataset, case.columns
    share = dice.number(0.0, 0.1)
    torn = tuple(_tear(dice, data, share) for data in dataset.symbols)
    columns = {data.symbol: make_columns(dice, data) for data in torn}
    return Case(replace(case.settings, engine=engine), replace(dataset, symbols=torn), columns)


def make_ruinous_case(seed: int) -> Case:
    """A case of one symbol whose funding is so dear that a settlement may end the account."""
    case, dice = make_harsh_case(seed), Dice(seed + 2_000_000)
    data = case.dataset.symbols[0]
    times = data.fine.open_ms
    first = int(times[0]) // 3_600_000 * 3_600_000
    every = int(dice.of(1, 2, 4)) * 3_600_000  # type: ignore[call-overload]
    due = range(first, int(times[-1]) + 2 * interval_ms(data.fine.interval), every)
    rates = tuple(FundingRate(at, Decimal(int(dice.rng.integers(-900, 901))).scaleb(-2)) for at in due)
    data = replace(data, funding=rates)
    engine = case.settings.engine
    engine = replace(
        engine,
        symbols=(data.symbol,),
        trade=replace(engine.trade, leverage=Decimal(50), risk_per_trade=dice.number(0.02, 0.5)),
        guardrails=replace(engine.guardrails, enabled=dice.chance(0.3)),
    )
    settings = replace(case.settings, engine=engine)
    return Case(settings, Dataset(case.dataset.interval, (data,)), {data.symbol: case.columns[data.symbol]})


def _tear(dice: Dice, data: SymbolData, share: float) -> SymbolData:
    """The symbol without some of its bars, of which a few in a row are missing now and then."""
    fine = data.fine
    keep = dice.rng.random(len(fine.open_ms)) >= share / 2
    for row in np.flatnonzero(dice.rng.random(len(keep)) < share / 4):
        keep[row : row + 5] = False
    keep[:2] = True
    names = ("open_ms", "open", "high", "low", "close", "volume")
    columns = [getattr(fine, name)[keep] for name in names]
    bars = BarTable(fine.symbol, fine.interval, fine.price_decimals, fine.volume_decimals, *columns)
    return make_symbol_data(
        bars, data.decisions.interval, data.rules, funding=data.funding or None, mark=data.mark
    )


# --- markets ----------------------------------------------------------------------------------------------


def make_symbol(dice: Dice, name: str, fine: str, interval: str, count: int) -> SymbolData:
    """Bars of one symbol, with holes, gaps, jumps, flat and quiet stretches, and its order rules."""
    decimals = int(dice.rng.integers(0, 5))
    tick = int(dice.of(1, 1, 1, 5, 25))  # type: ignore[call-overload]
    prices = _prices(dice, count, tick, decimals)
    open_ms = _times(dice, fine, interval, count)
    volume = dice.rng.integers(0, 5000, count).astype(np.int64)
    volume[dice.rng.random(count) < 0.05] = 0
    table = BarTable(name, fine, decimals, 2, open_ms, *prices, volume)
    return make_symbol_data(
        table,
        interval,
        make_rules(dice, name, Decimal(tick).scaleb(-decimals), open_ms),
        funding=_funding(dice, open_ms, fine) if dice.chance(0.5) else None,
        mark=_mark(dice, table) if dice.chance(0.25) else None,
    )


def _prices(dice: Dice, count: int, tick: int, decimals: int) -> tuple[Ints, Ints, Ints, Ints]:
    level = float(dice.of(40, 300, 5_000, 80_000))  # type: ignore[arg-type]
    step = level * float(dice.of(0.0005, 0.002, 0.01, 0.03))  # type: ignore[arg-type]
    kind = dice.of("walk", "trend", "waves", "quiet")
    moves = dice.rng.normal(0, step, count)
    if kind == "trend":
        moves += step * 0.1 * dice.rng.choice([-1, 1])
    elif kind == "waves":
        moves += step * np.sin(np.arange(count) / 15)
    elif kind == "quiet":
        moves[dice.rng.random(count) < 0.7] = 0.0
    jumps = dice.rng.random(count) < float(dice.of(0.0, 0.003, 0.01))  # type: ignore[arg-type]
    moves[jumps] += dice.rng.choice([-1, 1], int(jumps.sum())) * level * dice.rng.uniform(0.02, 0.25)
    # A price of few ticks leaves no room for slippage below it.
    least = max(level / 20, 12 * tick)
    close = _on_grid(np.maximum(level + np.cumsum(moves), least), tick)
    open_ = np.concatenate((close[:1], close[:-1]))
    apart = dice.rng.random(count) < float(dice.of(0.0, 0.1, 0.9))  # type: ignore[arg-type]
    open_[apart] = np.maximum(
        open_[apart] + _on_grid(dice.rng.normal(0, step, int(apart.sum())), tick), 10 * tick
    )
    reach = _on_grid(np.abs(dice.rng.normal(0, step, (2, count))), tick)
    reach[:, dice.rng.random(count) < 0.1] = 0
    high = np.maximum(open_, close) + reach[0]
    low = np.maximum(np.minimum(open_, close) - reach[1], 8 * tick)
    return open_, high, low, close


def _on_grid(values: NDArray[np.float64], tick: int) -> Ints:
    return np.rint(values / tick).astype(np.int64) * tick


def _times(dice: Dice, fine: str, interval: str, count: int) -> Ints:
    steps = np.ones(count, dtype=np.int64)
    kind = dice.of("whole", "whole", "holes", "gaps")
    if kind != "whole":
        steps[dice.rng.random(count) < 0.02] = int(dice.rng.integers(2, 6))
    if kind == "gaps":
        most = 10 * interval_ms(interval) // interval_ms(fine)
        steps[dice.rng.random(count) < 0.006] = most + int(dice.rng.integers(0, 40))
    first = START_MS + int(dice.rng.integers(0, 3)) * interval_ms(fine)
    return first + (np.cumsum(steps) - 1) * interval_ms(fine)


def make_rules(dice: Dice, name: str, tick: Decimal, open_ms: Ints) -> tuple[DatedRules, ...]:
    """Order rules, sometimes with another grid from the middle on."""
    step = Decimal(str(dice.of("0.001", "0.01", "0.1", "1")))
    grid = Instrument(
        symbol=name,
        tick_size=tick,
        qty_step=step,
        min_qty=step * int(dice.of(1, 5)),  # type: ignore[call-overload]
        max_qty=Decimal(100_000),
        max_market_qty=Decimal(str(dice.of("50000", "20"))),
        min_notional=Decimal(str(dice.of("5", "0", "20"))),
        max_leverage=Decimal(str(dice.of("100", "25"))),
    )
    first = DatedRules(int(open_ms[0]), grid)
    if dice.chance(0.9):
        return (first,)
    later = replace(grid, tick_size=tick / 10, qty_step=step * 2, min_qty=step * 2)
    return first, DatedRules(int(open_ms[len(open_ms) // 2]), later)


def _funding(dice: Dice, open_ms: Ints, fine: str) -> tuple[FundingRate, ...]:
    every = int(dice.of(1, 2, 8)) * 3_600_000  # type: ignore[call-overload]
    first = int(open_ms[0]) // every * every
    times = range(first, int(open_ms[-1]) + 2 * interval_ms(fine), every)
    return tuple(FundingRate(at, Decimal(int(dice.rng.integers(-90, 91))).scaleb(-5)) for at in times)


def _mark(dice: Dice, table: BarTable) -> BarTable:
    """Mark bars of the same interval near the last price."""
    away = dice.rng.integers(-3, 4, len(table.open_ms))
    columns = [np.maximum(column + away, 1) for column in (table.open, table.high, table.low, table.close)]
    zero = np.zeros(len(table.open_ms), dtype=np.int64)
    return BarTable(table.symbol, table.interval, table.price_decimals, 0, table.open_ms, *columns, zero)


# --- settings ---------------------------------------------------------------------------------------------


def make_settings(dice: Dice, dataset: Dataset) -> BacktestSettings:
    """Settings over every key that decides a trade on bars."""
    fee = Decimal(str(dice.of("0.00055", "0", "0.001", "0.0002")))
    slippage = dice.of(None, None, "0.01", "0.1", "0", "1")
    engine = EngineSettings(
        symbols=tuple(symbol.symbol for symbol in dataset.symbols),
        interval=dataset.interval,
        label="backtest",
        config_hash="hash",
        trade=_trade(dice, float(fee), None if slippage is None else float(str(slippage)) / 100),
        guardrails=_guardrails(dice),
    )
    return BacktestSettings(
        engine=engine,
        balance=Decimal(str(dice.of("1000", "1000", "200", "50000"))),
        taker_fee=fee,
        slippage_percent=None if slippage is None else Decimal(str(slippage)),
    )


def _trade(dice: Dice, fee: float, slippage: float | None) -> TradeSettings:
    breakeven = None if dice.chance(0.2) else dice.number(0.3, 1.5, 2)
    return TradeSettings(
        risk_per_trade=dice.number(0.002, 0.05),
        stop_loss_atr=dice.number(0.5, 3.0, 2),
        take_profit_atr=dice.number(0.7, 5.0, 2),
        stops=StopRules(
            trailing=dice.chance(0.7),
            trail_trigger=dice.number(0.1, 1.5, 2),
            trail_distance=dice.number(0.1, 1.5, 2),
            breakeven_trigger=breakeven,
            lock_in=None if breakeven is None or dice.chance(0.3) else dice.number(0.1, 1.0, 2),
            min_move=float(dice.of(0.0, 0.0, 0.0005, 0.002)),  # type: ignore[arg-type]
        ),
        costs=CostSettings(taker_fee=fee, slippage=slippage),
        close_on_opposite_signal=dice.chance(0.8),
        reverse_on_opposite_signal=dice.chance(0.5),
        max_total_positions=int(dice.of(5, 5, 1, 2)),  # type: ignore[call-overload]
        leverage=Decimal(str(dice.of("5", "1", "20", "50"))),
        max_hold_bars=None if dice.chance(0.7) else int(dice.rng.integers(1, 30)),
        cooldown_ms=int(dice.of(60_000, 0, 3_600_000)),  # type: ignore[call-overload]
        cooldown_bars=int(dice.of(0, 0, 1, 5)),  # type: ignore[call-overload]
    )


def _guardrails(dice: Dice) -> GuardrailSettings:
    return GuardrailSettings(
        enabled=dice.chance(0.8),
        max_day_loss=dice.number(0.01, 0.2),
        max_drawdown=dice.number(0.03, 0.5),
        cooldown_after_kill_ms=int(dice.of(30, 120, 600)) * 60_000,  # type: ignore[call-overload]
        max_consecutive_losses=int(dice.of(2, 5, 50)),  # type: ignore[call-overload]
        max_orders_per_minute=int(dice.of(10, 10, 1, 2)),  # type: ignore[call-overload]
        max_position_notional=None if dice.chance(0.7) else Decimal(int(dice.rng.integers(50, 3000))),
        price_band=float(dice.of(0.01, 0.5, 0.5)),  # type: ignore[arg-type]
        min_target_to_cost=None if dice.chance(0.5) else dice.number(0.5, 4.0, 2),
        on_kill=AtEnd.CLOSE if dice.chance(0.7) else AtEnd.KEEP,
        session=SessionSettings(True, ((60, 600), (1200, 30))) if dice.chance(0.15) else SessionSettings(),
    )


# --- decisions --------------------------------------------------------------------------------------------


def make_columns(dice: Dice, data: SymbolData) -> DecisionColumns:
    """Decisions at random: how often they ask, how the held view goes on, how wide ATR is."""
    bars = data.decisions.bars
    count = len(bars)
    keen = float(dice.of(0.02, 0.1, 0.4))  # type: ignore[arg-type]
    score = np.where(dice.rng.random(count) < keen, dice.rng.choice([-1.0, 1.0], count), 0.0)
    signal = np.where(score != 0, score, np.where(dice.rng.random(count) < 0.1, 0, 2)).astype(np.int8)
    for row in range(count):
        if signal[row] == 2:
            signal[row] = signal[row - 1] if row else 0
    spread = np.maximum(bars.high - bars.low, bars.close * 1e-4)
    atr = np.convolve(spread, np.ones(5) / 5)[:count] * dice.number(0.5, 3.0, 2)
    may_enter = np.ones(count, dtype=np.bool_)
    may_enter[:5] = False
    return DecisionColumns(score, np.ones(count), signal, atr, may_enter, breakdown={"dice": score})
