"""All indicators of a history, one array each: what the scoring groups read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final, TypeAlias

import numpy as np

from whalebot.decisions.analysis.bars import Bars
from whalebot.decisions.analysis.comparisons import Series, side
from whalebot.decisions.analysis.settings import IndicatorSettings
from whalebot.domain.intervals import DAY_MS, interval_ms
from whalebot.indicators import averages, oscillators, structure, trend, volatility, volume
from whalebot.indicators.arrays import FloatArray, lagged

CONFIRMATION_PERIOD = 20
"""Bars before the present one whose mean volume confirms a score."""


@dataclass(slots=True)
class Columns:
    """Every indicator, a column for a whole history or the last three values of a live one.

    Prices and lines in quote, volumes in base, NaN while warming. `vwap_session_start` is 1.0 on the first
    bar of a UTC day. Directions are +1, -1, or 0 while unknown (SuperTrends: NaN). The cloud is that of 26
    bars ago, `lagged_close` the close of `ichimoku_chikou_span_offset` bars ago. `orderbook_imbalance` and
    `mtf_balance` come from outside, -1 to 1, NaN where there is none; so does `volume_delta` when it is
    taken from trades.
    """

    open: Series
    close: Series
    volume: Series
    ema_short: Series
    ema_long: Series
    sma_short: Series
    sma_long: Series
    rsi: Series
    stoch_rsi_k: Series
    stoch_rsi_d: Series
    cci: Series
    williams_r: Series
    mfi: Series
    bollinger_upper: Series
    bollinger_middle: Series
    bollinger_lower: Series
    vwap: Series
    vwap_session_start: Series
    psar: Series
    psar_direction: Series
    orderbook_imbalance: Series
    fibonacci_high: Series
    fibonacci_low: Series
    ehlers_fast_line: Series
    ehlers_fast_direction: Series
    ehlers_slow_line: Series
    ehlers_slow_direction: Series
    macd: Series
    macd_signal: Series
    macd_histogram: Series
    adx: Series
    plus_di: Series
    minus_di: Series
    tenkan: Series
    kijun: Series
    cloud_top: Series
    cloud_bottom: Series
    lagged_close: Series
    obv: Series
    obv_ema: Series
    cmf: Series
    vwma: Series
    kama: Series
    dema: Series
    volume_delta: Series
    mean_volume: Series
    relative_volume: Series
    recent_high: Series
    recent_low: Series
    earlier_high: Series
    earlier_low: Series
    keltner_upper: Series
    keltner_middle: Series
    keltner_lower: Series
    roc: Series
    mtf_balance: Series
    atr: Series
    mean_atr: Series
    volatility_index: Series

    def part(self, start: int, end: int) -> Columns:
        """Return bars start to end (excluded) of every column, as views."""
        return Columns(*(column[start:end] for _, column in self.arrays()))

    def arrays(self) -> Iterator[tuple[str, FloatArray]]:
        """Go through (name, column) in order; for a history only."""
        for name in COLUMN_NAMES:
            column = getattr(self, name)
            if isinstance(column, tuple):
                raise TypeError(f"column {name} is the tail of a live series, not a history")
            yield name, column


COLUMN_NAMES = tuple(f.name for f in fields(Columns))


def uses_anchored_vwap(interval: str, settings: IndicatorSettings) -> bool:
    """Tell whether VWAP is anchored at 00:00 UTC; bars of a day and longer have the rolling form."""
    return settings.vwap_daily_reset and interval_ms(interval) < DAY_MS


def compute_columns(
    bars: Bars, interval: str, settings: IndicatorSettings, mean_atr_period: int = 50
) -> Columns:
    """Compute every indicator over one data set: bars of `interval`, oldest first, without a gap.

    `orderbook_imbalance` and `mtf_balance` are NaN; who has them puts them in.
    """
    shelf = Shelf(bars, interval, settings, mean_atr_period)
    return Columns(**{name: shelf.column(name) for name in COLUMN_NAMES})


def psar_directions(close: FloatArray, psar: FloatArray) -> FloatArray:
    """Return the side of the close, on equality as on the bar before; 0 until it has had one."""
    sides = np.asarray(side(close, psar), dtype=np.float64)
    last_known = np.maximum.accumulate(np.where(sides != 0.0, np.arange(len(sides)), 0))
    return sides[last_known]


class Shelf:
    """The columns of one data set, each made when it is first asked for and kept until it is forgotten."""

    def __init__(
        self, bars: Bars, interval: str, settings: IndicatorSettings, mean_atr_period: int = 50
    ) -> None:
        self.bars = bars
        self.interval = interval
        self.settings = settings
        self.mean_atr_period = mean_atr_period
        self._made: dict[str, FloatArray] = {}

    def column(self, name: str) -> FloatArray:
        """Return a column by its name in `Columns`."""
        if name not in self._made:
            made = _MAKERS[name](self)
            names = _TOGETHER.get(name, (name,))
            self._made |= dict(zip(names, made, strict=True))
        return self._made[name]

    def put(self, name: str, column: FloatArray) -> None:
        """Set a column that was made elsewhere."""
        self._made[name] = column

    def forget(self, kept: Collection[str]) -> None:
        """Give up every column but those named."""
        self._made = {name: column for name, column in self._made.items() if name in kept}

    @property
    def hlc(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """High, low and close of the bars."""
        return self.bars.high, self.bars.low, self.bars.close


_Made: TypeAlias = tuple[FloatArray, ...]


def _atr(c: Shelf) -> _Made:
    return (volatility.atr(*c.hlc, c.settings.atr_period),)


def _absent(c: Shelf) -> _Made:
    return (np.full(len(c.bars), np.nan),)


def _stoch_rsi(c: Shelf) -> _Made:
    s = c.settings
    return oscillators.stoch_rsi(c.bars.close, s.stoch_rsi_period, s.stoch_k_period, s.stoch_d_period)


def _mfi(c: Shelf) -> _Made:
    return (oscillators.mfi(*c.hlc, c.bars.volume, c.settings.mfi_period),)


def _kama(c: Shelf) -> _Made:
    s = c.settings
    return (averages.kama(c.bars.close, s.kama_period, s.kama_fast_period, s.kama_slow_period),)


def _bollinger(c: Shelf) -> _Made:
    s = c.settings
    return volatility.bollinger(c.bars.close, s.bollinger_bands_period, s.bollinger_bands_std_dev)


def _keltner(c: Shelf) -> _Made:
    s = c.settings
    return volatility.keltner(c.bars.close, c.column("atr"), s.keltner_period, s.keltner_atr_multiplier)


def _macd(c: Shelf) -> _Made:
    s = c.settings
    return trend.macd(c.bars.close, s.macd_fast_period, s.macd_slow_period, s.macd_signal_period)


def _psar(c: Shelf) -> _Made:
    s = c.settings
    return (trend.psar(c.bars.high, c.bars.low, s.psar_acceleration, s.psar_max_acceleration),)


def _ehlers_fast(c: Shelf) -> _Made:
    s = c.settings
    return trend.ehlers_supertrend(*c.hlc, s.ehlers_fast_period, s.ehlers_fast_multiplier)


def _ehlers_slow(c: Shelf) -> _Made:
    s = c.settings
    return trend.ehlers_supertrend(*c.hlc, s.ehlers_slow_period, s.ehlers_slow_multiplier)


def _ichimoku(c: Shelf) -> _Made:
    s = c.settings
    periods = s.ichimoku_tenkan_period, s.ichimoku_kijun_period, s.ichimoku_senkou_span_b_period
    return trend.ichimoku(c.bars.high, c.bars.low, *periods)


def _cmf(c: Shelf) -> _Made:
    return (volume.cmf(*c.hlc, c.bars.volume, c.settings.cmf_period),)


def _volume_delta(c: Shelf) -> _Made:
    bars = c.bars
    return (volume.volume_delta(bars.open, bars.close, bars.volume, c.settings.volume_delta_period),)


def _vwap(c: Shelf) -> _Made:
    if uses_anchored_vwap(c.interval, c.settings):
        return (volume.anchored_vwap(c.bars.open_ms, *c.hlc, c.bars.volume),)
    return (volume.rolling_vwap(*c.hlc, c.bars.volume, c.settings.vwap_period),)


def _vwap_session_start(c: Shelf) -> _Made:
    if uses_anchored_vwap(c.interval, c.settings):
        return (volume.session_starts(c.bars.open_ms).astype(np.float64),)
    return (np.zeros(len(c.bars)),)


def _fibonacci(c: Shelf) -> _Made:
    return structure.fibonacci_range(c.bars.high, c.bars.low, c.settings.fibonacci_window)


def _swings(c: Shelf) -> _Made:
    return structure.swings(c.bars.high, c.bars.low, c.settings.market_structure_lookback_period)


def _volatility_index(c: Shelf) -> _Made:
    return (volatility.volatility_index(c.bars.close, c.column("atr"), c.settings.volatility_index_period),)


_FAMILIES: Final[Mapping[tuple[str, ...], Callable[[Shelf], _Made]]] = {
    ("open",): lambda c: (c.bars.open,),
    ("close",): lambda c: (c.bars.close,),
    ("volume",): lambda c: (c.bars.volume,),
    ("ema_short",): lambda c: (averages.ema(c.bars.close, c.settings.ema_short_period),),
    ("ema_long",): lambda c: (averages.ema(c.bars.close, c.settings.ema_long_period),),
    ("sma_short",): lambda c: (averages.sma(c.bars.close, c.settings.sma_short_period),),
    ("sma_long",): lambda c: (averages.sma(c.bars.close, c.settings.sma_long_period),),
    ("rsi",): lambda c: (oscillators.rsi(c.bars.close, c.settings.rsi_period),),
    ("stoch_rsi_k", "stoch_rsi_d"): _stoch_rsi,
    ("cci",): lambda c: (oscillators.cci(*c.hlc, c.settings.cci_period),),
    ("williams_r",): lambda c: (oscillators.williams_r(*c.hlc, c.settings.williams_r_period),),
    ("mfi",): _mfi,
    ("bollinger_upper", "bollinger_middle", "bollinger_lower"): _bollinger,
    ("vwap",): _vwap,
    ("vwap_session_start",): _vwap_session_start,
    ("psar",): _psar,
    ("psar_direction",): lambda c: (psar_directions(c.bars.close, c.column("psar")),),
    ("orderbook_imbalance",): _absent,
    ("fibonacci_high", "fibonacci_low"): _fibonacci,
    ("ehlers_fast_line", "ehlers_fast_direction"): _ehlers_fast,
    ("ehlers_slow_line", "ehlers_slow_direction"): _ehlers_slow,
    ("macd", "macd_signal", "macd_histogram"): _macd,
    ("adx", "plus_di", "minus_di"): lambda c: trend.adx(*c.hlc, c.settings.adx_period),
    ("tenkan", "kijun", "cloud_top", "cloud_bottom"): _ichimoku,
    ("lagged_close",): lambda c: (lagged(c.bars.close, c.settings.ichimoku_chikou_span_offset),),
    ("obv",): lambda c: (volume.obv(c.bars.close, c.bars.volume),),
    ("obv_ema",): lambda c: (averages.ema(c.column("obv"), c.settings.obv_ema_period),),
    ("cmf",): _cmf,
    ("vwma",): lambda c: (averages.vwma(c.bars.close, c.bars.volume, c.settings.vwma_period),),
    ("kama",): _kama,
    ("dema",): lambda c: (averages.dema(c.bars.close, c.settings.dema_period),),
    ("volume_delta",): _volume_delta,
    ("mean_volume",): lambda c: (volume.mean_volume_before(c.bars.volume, CONFIRMATION_PERIOD),),
    ("relative_volume",): lambda c: (
        volume.relative_volume(c.bars.volume, c.settings.relative_volume_period),
    ),
    ("recent_high", "recent_low", "earlier_high", "earlier_low"): _swings,
    ("keltner_upper", "keltner_middle", "keltner_lower"): _keltner,
    ("roc",): lambda c: (oscillators.roc(c.bars.close, c.settings.roc_period),),
    ("mtf_balance",): _absent,
    ("atr",): _atr,
    ("mean_atr",): lambda c: (averages.sma(c.column("atr"), c.mean_atr_period),),
    ("volatility_index",): _volatility_index,
}
_TOGETHER: Final = {name: names for names in _FAMILIES for name in names}
_MAKERS: Final = {name: make for names, make in _FAMILIES.items() for name in names}
