"""Live columns: indicators kept up one closed bar at a time, never restarted by the window of bars.

Recursive indicators keep their own state; those over a window are computed by the array functions over the
bars they need.
"""

from __future__ import annotations

from typing import TypeAlias

from whalebot.decisions.analysis.columns import (
    COLUMN_NAMES,
    CONFIRMATION_PERIOD,
    Columns,
    uses_anchored_vwap,
)
from whalebot.decisions.analysis.comparisons import Tail, side
from whalebot.decisions.analysis.series import CLOSE, HIGH, LOW, OPEN, VOLUME, PriceSeries
from whalebot.decisions.analysis.settings import IndicatorSettings
from whalebot.indicators import averages, oscillators, structure, trend, volatility, volume
from whalebot.indicators.streaming.averages import NAN, DemaStream, EmaStream, KamaStream, SmaStream
from whalebot.indicators.streaming.oscillators import StochRsiStream
from whalebot.indicators.streaming.trend import MacdStream, SuperTrendStream
from whalebot.indicators.streaming.volume import MeanVolumeStream, ObvStream, VolumeDeltaStream, VwapStream
from whalebot.indicators.streaming.wilder import AdxStream, AtrStream, PsarStream, RsiStream
from whalebot.indicators.trend import ICHIMOKU_SHIFT

Ohlcv: TypeAlias = tuple[float, float, float, float, float]
Values: TypeAlias = dict[str, float]

_NO_TAIL: Tail = (NAN, NAN, NAN)


class LiveColumns:
    """Every indicator of one symbol and interval: the last three values of each, in `columns`.

    `append` takes the next closed bar in constant time. Not thread-safe.
    """

    __slots__ = (
        "_averages",
        "_direction",
        "_momentum",
        "_settings",
        "_volumes",
        "_vwap",
        "columns",
        "series",
    )

    def __init__(
        self, interval: str, settings: IndicatorSettings, mean_atr_period: int = 50, window: int = 1000
    ) -> None:
        self._settings = settings
        self._averages = _Averages(settings)
        self._volumes = _Volumes(settings)
        self._momentum = _Momentum(settings, mean_atr_period)
        self._vwap = VwapStream() if uses_anchored_vwap(interval, settings) else None
        self._direction = 0.0
        self.series = PriceSeries(max(window, longest_look_back(settings)))
        self.columns = Columns(*([_NO_TAIL] * len(COLUMN_NAMES)))

    def append(self, open_ms: int, ohlcv: Ohlcv) -> None:
        """Take the next closed bar. What does not come from bars is NaN until `put`."""
        self.series.append(open_ms, ohlcv)
        values = {"open": ohlcv[OPEN], "close": ohlcv[CLOSE], "volume": ohlcv[VOLUME]}
        values["orderbook_imbalance"] = values["mtf_balance"] = NAN
        self._averages.step(ohlcv[CLOSE], values)
        self._volumes.step(ohlcv, values)
        self._momentum.step(ohlcv, values)
        self._step_vwap(open_ms, ohlcv, values)
        _window_prices(self.series, self._settings, values)
        _window_volumes(self.series, self._settings, values)
        _window_ranges(self.series, self._settings, values)
        columns = self.columns
        for name, value in values.items():
            _, last, newest = getattr(columns, name)
            setattr(columns, name, (last, newest, value))
        self._step_direction()

    def put(self, name: str, value: float) -> None:
        """Set the newest value of a column that does not come from bars."""
        older, last, _ = getattr(self.columns, name)
        setattr(self.columns, name, (older, last, value))

    def _step_vwap(self, open_ms: int, ohlcv: Ohlcv, values: Values) -> None:
        if self._vwap is not None:
            values["vwap"], begins = self._vwap.step(
                open_ms, ohlcv[HIGH], ohlcv[LOW], ohlcv[CLOSE], ohlcv[VOLUME]
            )
            values["vwap_session_start"] = float(begins)
            return
        tail, period = self.series.tail, self._settings.vwap_period
        prices = tail(HIGH, period), tail(LOW, period), tail(CLOSE, period)
        values["vwap"] = float(volume.rolling_vwap(*prices, tail(VOLUME, period), period)[-1])
        values["vwap_session_start"] = 0.0

    def _step_direction(self) -> None:
        self._direction = float(side(self.columns.close, self.columns.psar)) or self._direction
        _, last, newest = self.columns.psar_direction
        self.columns.psar_direction = (float(last), float(newest), self._direction)


class _Averages:
    """Streams that follow the close."""

    __slots__ = ("_dema", "_kama", "_keltner", "_long_ema", "_long_sma", "_macd", "_short_ema", "_short_sma")

    def __init__(self, s: IndicatorSettings) -> None:
        self._short_ema, self._long_ema = EmaStream(s.ema_short_period), EmaStream(s.ema_long_period)
        self._short_sma, self._long_sma = SmaStream(s.sma_short_period), SmaStream(s.sma_long_period)
        self._kama = KamaStream(s.kama_period, s.kama_fast_period, s.kama_slow_period)
        self._dema = DemaStream(s.dema_period)
        self._macd = MacdStream(s.macd_fast_period, s.macd_slow_period, s.macd_signal_period)
        self._keltner = EmaStream(s.keltner_period)

    def step(self, close: float, values: Values) -> None:
        values["ema_short"] = self._short_ema.step(close)
        values["ema_long"] = self._long_ema.step(close)
        values["sma_short"] = self._short_sma.step(close)
        values["sma_long"] = self._long_sma.step(close)
        values["kama"] = self._kama.step(close)
        values["dema"] = self._dema.step(close)
        values["macd"], values["macd_signal"], values["macd_histogram"] = self._macd.step(close)
        values["keltner_middle"] = self._keltner.step(close)


class _Volumes:
    """Streams that follow the volume."""

    __slots__ = ("_delta", "_mean", "_mean_relative", "_obv", "_obv_ema")

    def __init__(self, s: IndicatorSettings) -> None:
        self._obv, self._obv_ema = ObvStream(), EmaStream(s.obv_ema_period)
        self._delta = VolumeDeltaStream(s.volume_delta_period)
        self._mean = MeanVolumeStream(CONFIRMATION_PERIOD)
        self._mean_relative = MeanVolumeStream(s.relative_volume_period)

    def step(self, ohlcv: Ohlcv, values: Values) -> None:
        open_, _, _, close, volume_ = ohlcv
        values["obv"] = obv = self._obv.step(close, volume_)
        values["obv_ema"] = self._obv_ema.step(obv)
        values["volume_delta"] = self._delta.step(open_, close, volume_)
        values["mean_volume"] = self._mean.step(volume_)
        mean = self._mean_relative.step(volume_)
        values["relative_volume"] = volume_ / mean if mean else NAN


class _Momentum:
    """Streams that follow the whole bar, and the means of ATR."""

    __slots__ = ("_adx", "_atr", "_fast", "_keltner", "_mean_atr", "_psar", "_rsi", "_slow", "_stoch_rsi",
                 "_volatility")  # fmt: skip

    def __init__(self, s: IndicatorSettings, mean_atr_period: int) -> None:
        self._rsi = RsiStream(s.rsi_period)
        self._stoch_rsi = StochRsiStream(s.stoch_rsi_period, s.stoch_k_period, s.stoch_d_period)
        self._atr = AtrStream(s.atr_period)
        self._mean_atr = SmaStream(mean_atr_period)
        self._volatility = SmaStream(s.volatility_index_period)
        self._adx = AdxStream(s.adx_period)
        self._psar = PsarStream(s.psar_acceleration, s.psar_max_acceleration)
        self._fast = SuperTrendStream(s.ehlers_fast_period, s.ehlers_fast_multiplier)
        self._slow = SuperTrendStream(s.ehlers_slow_period, s.ehlers_slow_multiplier)
        self._keltner = s.keltner_atr_multiplier

    def step(self, ohlcv: Ohlcv, values: Values) -> None:
        _, high, low, close, _ = ohlcv
        values["rsi"] = self._rsi.step(close)
        values["stoch_rsi_k"], values["stoch_rsi_d"] = self._stoch_rsi.step(close)
        values["adx"], values["plus_di"], values["minus_di"] = self._adx.step(high, low, close)
        values["psar"] = self._psar.step(high, low)
        fast, slow = self._fast.step(high, low, close), self._slow.step(high, low, close)
        values["ehlers_fast_line"], values["ehlers_fast_direction"] = fast
        values["ehlers_slow_line"], values["ehlers_slow_direction"] = slow
        values["atr"] = atr = self._atr.step(high, low, close)
        known = atr == atr
        values["mean_atr"] = self._mean_atr.step(atr) if known else NAN
        values["volatility_index"] = self._volatility.step(atr / close) if known else NAN
        band, middle = self._keltner * atr, values["keltner_middle"]
        values["keltner_upper"], values["keltner_lower"] = middle + band, middle - band


def longest_look_back(s: IndicatorSettings) -> int:
    """Return how many bars the indicators over a window read at most."""
    return max(
        s.bollinger_bands_period,
        s.cci_period,
        s.williams_r_period,
        s.mfi_period + 1,
        s.roc_period + 1,
        s.cmf_period,
        s.vwma_period,
        s.vwap_period,
        s.fibonacci_window,
        2 * s.market_structure_lookback_period,
        s.ichimoku_chikou_span_offset + 1,
        _cloud_bars(s),
    )


def _cloud_bars(s: IndicatorSettings) -> int:
    spans = max(s.ichimoku_tenkan_period, s.ichimoku_kijun_period, s.ichimoku_senkou_span_b_period)
    return spans + ICHIMOKU_SHIFT


def _window_prices(series: PriceSeries, s: IndicatorSettings, values: Values) -> None:
    tail = series.tail
    bollinger = volatility.bollinger(
        tail(CLOSE, s.bollinger_bands_period), s.bollinger_bands_period, s.bollinger_bands_std_dev
    )
    values["bollinger_upper"] = float(bollinger[0][-1])
    values["bollinger_middle"] = float(bollinger[1][-1])
    values["bollinger_lower"] = float(bollinger[2][-1])
    count = s.cci_period
    cci = oscillators.cci(tail(HIGH, count), tail(LOW, count), tail(CLOSE, count), count)
    values["cci"] = float(cci[-1])
    count = s.williams_r_period
    williams_r = oscillators.williams_r(tail(HIGH, count), tail(LOW, count), tail(CLOSE, count), count)
    values["williams_r"] = float(williams_r[-1])
    values["roc"] = float(oscillators.roc(tail(CLOSE, s.roc_period + 1), s.roc_period)[-1])


def _window_volumes(series: PriceSeries, s: IndicatorSettings, values: Values) -> None:
    tail = series.tail
    count = s.mfi_period + 1
    mfi = oscillators.mfi(
        tail(HIGH, count), tail(LOW, count), tail(CLOSE, count), tail(VOLUME, count), s.mfi_period
    )
    values["mfi"] = float(mfi[-1])
    count = s.cmf_period
    prices = tail(HIGH, count), tail(LOW, count), tail(CLOSE, count)
    values["cmf"] = float(volume.cmf(*prices, tail(VOLUME, count), count)[-1])
    count = s.vwma_period
    values["vwma"] = float(averages.vwma(tail(CLOSE, count), tail(VOLUME, count), count)[-1])


def _window_ranges(series: PriceSeries, s: IndicatorSettings, values: Values) -> None:
    tail = series.tail
    count = s.fibonacci_window
    top, bottom = structure.fibonacci_range(tail(HIGH, count), tail(LOW, count), count)
    values["fibonacci_high"], values["fibonacci_low"] = float(top[-1]), float(bottom[-1])
    lookback = s.market_structure_lookback_period
    swings = structure.swings(tail(HIGH, 2 * lookback), tail(LOW, 2 * lookback), lookback)
    for name, column in swings._asdict().items():
        values[name] = float(column[-1])
    count = _cloud_bars(s)
    periods = s.ichimoku_tenkan_period, s.ichimoku_kijun_period, s.ichimoku_senkou_span_b_period
    lines = trend.ichimoku(tail(HIGH, count), tail(LOW, count), *periods)
    for name, column in lines._asdict().items():
        values[name] = float(column[-1])
    span = s.ichimoku_chikou_span_offset + 1
    lagged = tail(CLOSE, span)
    values["lagged_close"] = float(lagged[0]) if len(lagged) == span else NAN
