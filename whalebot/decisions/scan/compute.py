"""Indicator values at the close of a bar: for one window, or for every window of a history at once.

Both run the same arithmetic in the same order, so that a replay equals the live run to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from whalebot.decisions.scan.levels import NO_PIVOTS, PivotLevels, pivot_levels
from whalebot.decisions.scan.panes import Panes
from whalebot.decisions.scan.recursive import recursive_columns
from whalebot.decisions.scan.series import FixedSeries, fixed_series
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.decisions.scan.values import BarValues
from whalebot.decisions.scan.window import History, SessionSums, Window, session_sums
from whalebot.domain.intervals import DAY_MS, bar_close_ms
from whalebot.indicators.arrays import FloatArray, highest, lowest, rolling_sum

ROLLING: Final = -1
"""`vwap_anchor_ms` of a VWAP that has no session."""
_CHUNK: Final = 2048
_DIRECT: Final = (
    "close",
    "momentum_short",
    "momentum_long",
    "relative_volume",
    "band_upper",
    "band_middle",
    "band_lower",
    "bandwidth",
    "bandwidth_limit",
    "armed",
)


def is_rolling(interval: str, settings: ScanSettings) -> bool:
    """True where the VWAP rolls: by the mode, or with bars of a day and longer, which no session holds."""
    return settings.signal_config.vwap_mode == "rolling" or interval in ("D", "W", "M")


def compute(window: Window, settings: ScanSettings) -> BarValues:
    """Return the values at the last bar of a window. Raises ValueError below two bars."""
    if len(window) < 2:
        raise ValueError(f"{window.symbol}: insufficient data ({len(window)} closed bars)")
    series = fixed_series(window.high, window.low, window.close, window.volume, settings)
    columns = _columns(window, series, Panes(0, 1, len(window)), settings)
    return _bar_values(window, {name: float(column[0]) for name, column in columns.items()}, settings)


def compute_history(history: History, settings: ScanSettings, first: int = 1) -> Iterator[BarValues]:
    """Yield the values at each bar from row `first` (at least 1) on.

    Each bar is seen through the `kline_history` bars that end with it; fewer at the beginning.
    """
    length = settings.kline_history
    first = max(first, 1)
    for row in range(first, min(length - 1, len(history))):
        yield compute(history.window(row, length), settings)
    begin = max(first, length - 1)
    if begin >= len(history):
        return
    series = fixed_series(history.high, history.low, history.close, history.volume, settings)
    for start in range(begin, len(history), _CHUNK):
        panes = Panes(start - length + 1, min(_CHUNK, len(history) - start), length)
        columns = _columns(history, series, panes, settings)
        names, rows = tuple(columns), zip(*(column.tolist() for column in columns.values()), strict=True)
        for row, values in enumerate(rows, start):
            yield _bar_values(history.window(row, length), dict(zip(names, values, strict=True)), settings)


def _columns(
    bars: Window | History, series: FixedSeries, panes: Panes, settings: ScanSettings
) -> dict[str, FloatArray]:
    columns = {name: panes.last(getattr(series, name)) for name in _DIRECT}
    columns |= recursive_columns(series, panes, settings)
    atr, apart = columns["atr"], np.abs(columns["momentum_short"] - columns["momentum_long"])
    with np.errstate(invalid="ignore", divide="ignore"):
        columns["strength"] = np.where(atr > 0.0, apart / atr, np.nan)
    if is_rolling(bars.interval, settings):
        period = settings.signal_config.vwap_period
        for name, sums in (("money", series.money), ("volume", series.volume)):
            columns[f"rolling_{name}"] = panes.last(rolling_sum(sums, period))
            before = rolling_sum(sums, period - 1) if period > 1 else np.zeros(len(sums))
            columns[f"vwap_{name}"] = panes.last(before)
    if settings.signal_config.pivot_source == "window":
        columns["window_high"] = panes.last(highest(bars.high, panes.length))
        columns["window_low"] = panes.last(lowest(bars.low, panes.length))
    return columns


def _bar_values(window: Window, values: dict[str, float], settings: ScanSettings) -> BarValues:
    opened = int(window.open_ms[-1])
    if "rolling_money" in values:
        money, volume = values.pop("rolling_money"), values.pop("rolling_volume")
        anchor = ROLLING
    else:
        money, volume, anchor = _session(window)
        values["vwap_money"], values["vwap_volume"] = money, volume
    values["vwap"] = vwap_of(money, volume, values["close"])
    high, low = values.pop("window_high", math.nan), values.pop("window_low", math.nan)
    return BarValues(
        open_ms=opened,
        close_ms=bar_close_ms(opened, window.interval),
        bars=len(window),
        vwap_anchor_ms=anchor,
        **_pivots(window, high, low, values["close"])._asdict(),
        **values,
    )


def vwap_of(money: float, volume: float, close: float) -> float:
    """Return money/volume; the close where nothing was traded, NaN where the sums are not known."""
    return money / volume if volume > 0.0 else close if volume == 0.0 else math.nan


def _session(window: Window) -> tuple[float, float, int]:
    day = int(window.open_ms[-1]) // DAY_MS * DAY_MS
    sums: SessionSums | None = window.session
    if sums is None:
        sums = session_sums(window.open_ms, window.high, window.low, window.close, window.volume)
    if sums is None or sums.anchor_ms != day:
        return math.nan, math.nan, day
    return sums.money, sums.volume, day


def _pivots(window: Window, high: float, low: float, close: float) -> PivotLevels:
    if not math.isnan(high):
        return pivot_levels(high, low, close)
    before = window.previous_session
    return NO_PIVOTS if before is None else pivot_levels(before.high, before.low, before.close)
