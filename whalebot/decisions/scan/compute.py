"""Indicator values at the close of a bar: for one window, or for every window of a history at once.

Both run the same arithmetic in the same order, so that a replay equals the live run to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from whalebot.decisions.scan.levels import NO_PIVOTS, pivot_levels
from whalebot.decisions.scan.panes import Panes
from whalebot.decisions.scan.recursive import recursive_columns
from whalebot.decisions.scan.series import FixedSeries, fixed_series
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.decisions.scan.values import BarValues
from whalebot.decisions.scan.window import History, SessionBar, SessionSums, Window, session_sums
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
    values = {name: float(column[0]) for name, column in columns.items()}
    opened = int(window.open_ms[-1])
    return _bar_values(
        values, opened, window.interval, len(window), _session(window), window.previous_session
    )


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
        opens = history.open_ms[start : start + panes.count].tolist()
        for row, (opened, values) in enumerate(zip(opens, rows, strict=True), start):
            known = dict(zip(names, values, strict=True))
            yield _bar_values(
                known, opened, history.interval, length, history.sessions[row], history.previous[row]
            )


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


def _bar_values(
    values: dict[str, float],
    opened: int,
    interval: str,
    bars: int,
    sums: SessionSums | None,
    previous: SessionBar | None,
) -> BarValues:
    close = values["close"]
    if "rolling_money" in values:
        money, volume, anchor = values.pop("rolling_money"), values.pop("rolling_volume"), ROLLING
    else:
        anchor = opened // DAY_MS * DAY_MS
        money = volume = math.nan
        if sums is not None and sums.anchor_ms == anchor:
            money, volume = sums.money, sums.volume
        values["vwap_money"], values["vwap_volume"] = money, volume
    pivots = NO_PIVOTS
    if "window_high" in values:
        pivots = pivot_levels(values.pop("window_high"), values.pop("window_low"), close)
    elif previous is not None:
        pivots = pivot_levels(previous.high, previous.low, previous.close)
    return BarValues(
        open_ms=opened,
        close_ms=bar_close_ms(opened, interval),
        bars=bars,
        vwap=vwap_of(money, volume, close),
        vwap_anchor_ms=anchor,
        pivot=pivots.pivot,
        r1=pivots.r1,
        s1=pivots.s1,
        r2=pivots.r2,
        s2=pivots.s2,
        **values,
    )


def vwap_of(money: float, volume: float, close: float) -> float:
    """Return money/volume; the close where nothing was traded, NaN where the sums are not known."""
    return money / volume if volume > 0.0 else close if volume == 0.0 else math.nan


def _session(window: Window) -> SessionSums | None:
    if window.session is not None:
        return window.session
    return session_sums(window.open_ms, window.high, window.low, window.close, window.volume)
