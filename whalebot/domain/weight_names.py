"""What people call the scoring groups: a short name for a line, a full one for a page."""

from __future__ import annotations

from typing import Final

from whalebot.domain.analysis import VOLUME_FILTER

_NAMES: Final = {
    "ema_alignment": ("ema", "EMA alignment"),
    "sma_trend_filter": ("sma50", "SMA trend"),
    "momentum_rsi_stoch_cci_wr_mfi": ("mom", "Momentum oscillators"),
    "bollinger_bands": ("bb", "Bollinger bands"),
    "vwap": ("vwap", "VWAP"),
    "psar": ("psar", "Parabolic SAR"),
    "sma_10": ("sma10", "SMA 10"),
    "orderbook_imbalance": ("book", "Order book imbalance"),
    "fibonacci_levels": ("fib", "Fibonacci levels"),
    "ehlers_supertrend_alignment": ("ehlers", "Ehlers supertrend"),
    "macd_alignment": ("macd", "MACD"),
    "adx_strength": ("adx", "ADX trend strength"),
    "ichimoku_confluence": ("ichi", "Ichimoku"),
    "obv_momentum": ("obv", "OBV momentum"),
    "cmf_flow": ("cmf", "Chaikin money flow"),
    "mtf_trend_confluence": ("mtf", "Higher timeframes"),
    "volatility_index_signal": ("volx", "Volatility index"),
    "vwma_cross": ("vwma", "VWMA cross"),
    "volume_delta_signal": ("delta", "Volume delta"),
    "kaufman_ama_cross": ("kama", "Kaufman average"),
    "relative_volume_confirmation": ("rvol", "Relative volume"),
    "market_structure_confluence": ("struct", "Market structure"),
    "dema_crossover": ("dema", "DEMA crossover"),
    "keltner_breakout": ("kelt", "Keltner breakout"),
    "roc_signal": ("roc", "Rate of change"),
    VOLUME_FILTER: ("unconf", "Volume not confirming"),
}


def short_name(weight: str) -> str:
    """Return the name of a weight in six characters or fewer; an unknown one as it is."""
    return _NAMES[weight][0] if weight in _NAMES else weight


def full_name(weight: str) -> str:
    """Return the name of a weight as a page writes it; an unknown one without its underscores."""
    return _NAMES[weight][1] if weight in _NAMES else weight.replace("_", " ")
