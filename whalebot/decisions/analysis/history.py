"""How many bars an analysis needs before it can begin: what a backfill must fetch at least."""

from __future__ import annotations

from whalebot.decisions.analysis import trends
from whalebot.decisions.analysis.columns import CONFIRMATION_PERIOD, uses_anchored_vwap
from whalebot.decisions.analysis.groups import VOLATILITY_INPUT
from whalebot.decisions.analysis.scoring import make_scorer
from whalebot.decisions.analysis.settings import IndicatorSettings, MtfSettings, ScoringSettings
from whalebot.indicators import warmup


def column_warm_up(interval: str, s: IndicatorSettings) -> dict[str, int]:
    """Return the bars before the first value of each column that has a warm-up.

    The anchored VWAP counts with the longest wait for 00:00 UTC.
    """
    bollinger, cloud = warmup.window(s.bollinger_bands_period), _cloud(s)
    keltner = warmup.keltner(s.keltner_period, s.atr_period)
    macd = warmup.macd(s.macd_slow_period, s.macd_signal_period)
    swings = s.market_structure_lookback_period
    d_warm_up = warmup.stoch_rsi(s.stoch_rsi_period, s.stoch_k_period, s.stoch_d_period)
    anchored = uses_anchored_vwap(interval, s)
    return {
        "ema_short": warmup.window(s.ema_short_period),
        "ema_long": warmup.window(s.ema_long_period),
        "sma_short": warmup.window(s.sma_short_period),
        "sma_long": warmup.window(s.sma_long_period),
        "rsi": warmup.after_first(s.rsi_period),
        "stoch_rsi_k": d_warm_up - s.stoch_d_period + 1,
        "stoch_rsi_d": d_warm_up,
        "cci": warmup.window(s.cci_period),
        "williams_r": warmup.window(s.williams_r_period),
        "mfi": warmup.after_first(s.mfi_period),
        **dict.fromkeys(("bollinger_upper", "bollinger_middle", "bollinger_lower"), bollinger),
        "vwap": warmup.anchored_vwap(interval) if anchored else warmup.window(s.vwap_period),
        "psar": warmup.psar(),
        **dict.fromkeys(("fibonacci_high", "fibonacci_low"), warmup.window(s.fibonacci_window)),
        **dict.fromkeys(("ehlers_fast_line", "ehlers_fast_direction"), s.ehlers_fast_period),
        **dict.fromkeys(("ehlers_slow_line", "ehlers_slow_direction"), s.ehlers_slow_period),
        **dict.fromkeys(("macd", "macd_signal", "macd_histogram"), macd),
        "adx": warmup.adx(s.adx_period),
        **dict.fromkeys(("plus_di", "minus_di"), warmup.after_first(s.adx_period)),
        "tenkan": warmup.window(s.ichimoku_tenkan_period),
        "kijun": warmup.window(s.ichimoku_kijun_period),
        **dict.fromkeys(("cloud_top", "cloud_bottom"), cloud),
        "lagged_close": s.ichimoku_chikou_span_offset,
        "obv_ema": warmup.window(s.obv_ema_period),
        "cmf": warmup.window(s.cmf_period),
        "vwma": warmup.window(s.vwma_period),
        "kama": warmup.after_first(s.kama_period),
        "dema": warmup.dema(s.dema_period),
        "volume_delta": warmup.window(s.volume_delta_period),
        "mean_volume": CONFIRMATION_PERIOD,
        "relative_volume": warmup.after_first(s.relative_volume_period),
        **dict.fromkeys(("recent_high", "recent_low"), warmup.window(swings)),
        **dict.fromkeys(("earlier_high", "earlier_low"), warmup.market_structure(swings)),
        **dict.fromkeys(("keltner_upper", "keltner_lower"), keltner),
        "keltner_middle": warmup.window(s.keltner_period),
        "roc": warmup.after_first(s.roc_period),
        "atr": warmup.after_first(s.atr_period),
        "volatility_index": warmup.volatility_index(s.atr_period, s.volatility_index_period),
    }


def bars_needed(interval: str, scoring: ScoringSettings, indicators: IndicatorSettings) -> int:
    """Return the bars of the primary interval after which trading may start at the latest, given volume.

    Trading starts on the second bar on which no group that counts has a NaN.
    """
    waits = column_warm_up(interval, indicators)
    scorer = make_scorer(scoring, indicators)
    read = {column for group, _ in scorer.groups for column in group.inputs}
    if scorer.volatility_weight:
        read.add(VOLATILITY_INPUT)
    return max([waits.get(column, 0) for column in read] + [waits["atr"]]) + 2


def trend_bars_needed(mtf: MtfSettings, indicators: IndicatorSettings) -> int:
    """Return the bars of a higher timeframe with which all its trends are known."""
    return trends.warm_up_bars(mtf, indicators) + 1


def _cloud(s: IndicatorSettings) -> int:
    longest = max(s.ichimoku_tenkan_period, s.ichimoku_kijun_period)
    return warmup.cloud(longest, s.ichimoku_senkou_span_b_period)
