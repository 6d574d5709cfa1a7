"""Evaluations in words: the rationale, the rows of the indicator table, the whole sum explained."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from whalebot.decisions.scan.evaluation import Evaluation
from whalebot.decisions.scan.settings import INDICATORS, ScanSettings
from whalebot.decisions.scan.votes import Vote, side, trend

NO_CONTRIBUTION: Final = "No significant contributions"
DASH: Final = "–"
BULLISH: Final = "Bullish"
BEARISH: Final = "Bearish"
NEUTRAL: Final = "Neutral"
WARMING: Final = "Warming up"
STALE: Final = "Stale"
OFF: Final = "Off"
TREND_VOTES: Final = ("ema_alignment", "momentum", "volume_confirmation", "macd")
OSCILLATORS: Final = ("stoch_rsi", "rsi", "bollinger_bands")
_STYLES: Final = {BULLISH: "long", "Uptrend": "long", BEARISH: "short", "Downtrend": "short"}
_HOURS: Final = {"60": "1h", "120": "2h", "240": "4h", "360": "6h", "720": "12h"}


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """One row of the indicator table. `style`: "long", "short" or "neutral"; `vote` as it counted."""

    row: str
    value: str
    status: str
    vote: Vote
    style: str


def interval_label(interval: str) -> str:
    """Return an interval as people say it: 15m, 1h, 4h, D, W, M."""
    return _HOURS.get(interval) or (f"{interval}m" if interval.isdigit() else interval)


def price_text(price: Decimal | float, tick_size: Decimal) -> str:
    """Return a price with the decimals of its tick; a dash for NaN."""
    if isinstance(price, float) and not math.isfinite(price):
        return DASH
    return f"{price:.{tick_decimals(tick_size)}f}"


def tick_decimals(tick_size: Decimal) -> int:
    """Return how many decimals a tick needs."""
    return max(0, -int(tick_size.normalize().as_tuple().exponent))


def rationale(evaluation: Evaluation) -> str:
    """Return each vote that counted with its signed weight, in the weight set's order."""
    parts = [
        f"{name}: {vote * evaluation.weights[name]:+.2f}" for name, vote in evaluation.votes.items() if vote
    ]
    return " | ".join(parts) or NO_CONTRIBUTION


def indicator_rows(
    evaluation: Evaluation, settings: ScanSettings, tick_size: Decimal, *, stale: bool = False
) -> tuple[IndicatorRow, ...]:
    """Return a row for every displayed indicator, in the order of the configuration."""
    names = [*settings.indicators, *(name for name in INDICATORS if name not in settings.indicators)]
    return tuple(
        _row(name, evaluation, settings, tick_size, stale)
        for name in names
        if name in INDICATORS and settings.switch(name).display
    )


def explain_lines(evaluation: Evaluation, settings: ScanSettings, tick_size: Decimal) -> tuple[str, ...]:
    """Return every value, vote, weight and the sum of one evaluation, line by line."""
    e, total = evaluation, 0.0
    lines = [
        f"{e.symbol} ({interval_label(e.interval)}) at {price_text(e.price, tick_size)}, "
        f"weight set {e.weight_set}, {e.bar.bars} closed bars",
    ]
    for name, weight in e.weights.items():
        vote = e.votes[name]
        total += weight * (vote or 0)
        shown = _values(name, e, tick_size)
        product = "not ready" if vote is None else f"{vote:+d} x {weight:.2f} = {vote * weight:+.2f}"
        lines.append(f"  {name:<20} {shown:<34} {product}")
    off = [name for name in INDICATORS if name not in e.weights]
    lines += [f"  {name:<20} {OFF}" for name in off]
    divisor = _divisor(e, settings)
    lines.append(f"  sum {total:+.2f} / {divisor:.2f} = score {e.score:+.4f}")
    lines.append(_verdict(e, settings))
    return (*lines, *_facts(e, settings))


def _divisor(e: Evaluation, settings: ScanSettings) -> float:
    voting = settings.signal_config.normalise_by == "voting"
    return sum(weight for name, weight in e.weights.items() if (e.votes[name] if voting else _ready(e, name)))


def _ready(e: Evaluation, name: str) -> bool:
    return e.votes[name] is not None


def _verdict(e: Evaluation, settings: ScanSettings) -> str:
    threshold = settings.signal_config.signal_threshold
    if e.reason:
        return f"  no signal: {e.reason}"
    if e.levels is None:
        return f"  no signal: the score does not pass {threshold:g}"
    levels = e.levels
    notes = f" ({'; '.join(levels.notes)})" if levels.notes else ""
    return (
        f"  {e.signal.value}, confidence {e.confidence.value}, agreement {e.agreement:.2f}: "
        f"entry {levels.entry}, stop {levels.stop}, target {levels.target}{notes}"
    )


def _facts(e: Evaluation, settings: ScanSettings) -> tuple[str, ...]:
    total = sum(e.weights.values())
    if total <= 0.0:
        return ()
    trends = sum(e.weights.get(name, 0.0) for name in TREND_VOTES)
    swings = sum(e.weights.get(name, 0.0) for name in OSCILLATORS)
    high = settings.signal_config.confidence_high
    return (
        f"  all weights together {total:.2f}; the trend votes alone {trends:+.2f} = {trends / total:.4f}, "
        f"the oscillators alone {swings:+.2f} = {swings / total:.4f}; they often oppose each other",
        f"  confidence High needs a sum above {high * total:.2f}",
    )


def _row(name: str, e: Evaluation, settings: ScanSettings, tick_size: Decimal, stale: bool) -> IndicatorRow:
    title, mode = _TITLES[name], _mode(name, settings)
    vote = e.votes.get(name)
    value = _values(name, e, tick_size)
    if name not in e.votes:
        status = OFF
    elif vote is None:
        value, status = DASH, WARMING
    elif stale:
        status = STALE
    else:
        status = _by_vote(vote) if mode else _STATUS[name](e, vote, settings)
    return IndicatorRow(
        f"{title} ({mode})" if mode else title, value, status, vote, _STYLES.get(status, "neutral")
    )


_TITLES: Final = {
    "ema_alignment": "EMA",
    "momentum": "Momentum",
    "volume_confirmation": "OBV",
    "divergence": "Divergence",
    "stoch_rsi": "Stoch RSI (K)",
    "rsi": "RSI",
    "macd": "MACD",
    "bollinger_bands": "BBands",
    "bb_squeeze": "BB Squeeze",
    "vwap_bounce": "VWAP",
    "pivot_breakout": "Pivot Breakout",
}
_MODES: Final = {
    "ema_alignment": ("ema_mode", "trend"),
    "rsi": ("rsi_mode", "reversion"),
    "stoch_rsi": ("stoch_rsi_mode", "reversion"),
    "macd": ("macd_mode", "state"),
    "volume_confirmation": ("volume_mode", "obv_slope"),
}


def _mode(name: str, settings: ScanSettings) -> str:
    key, usual = _MODES.get(name, ("", ""))
    mode = str(getattr(settings.signal_config, key)) if key else ""
    return "" if mode == usual else mode


def _by_vote(vote: Vote) -> str:
    return {1: BULLISH, -1: BEARISH}.get(vote or 0, NEUTRAL)


def _of_level(level: float, e: Evaluation) -> str:
    price = float(e.price)
    return _by_vote(side(price, level, price))


def _of_squeeze(e: Evaluation, vote: Vote, settings: ScanSettings) -> str:
    return "Squeezed" if e.bar.armed and not vote else _by_vote(vote)


def _of_momentum(e: Evaluation, vote: Vote, settings: ScanSettings) -> str:
    return {1: "Uptrend", -1: "Downtrend"}.get(trend(e.bar) or 0, NEUTRAL)


def _voted(e: Evaluation, vote: Vote, settings: ScanSettings) -> str:
    return _by_vote(vote)


_STATUS: Final[Mapping[str, Callable[[Evaluation, Vote, ScanSettings], str]]] = {
    "ema_alignment": lambda e, vote, settings: _of_level(e.bar.ema, e),
    "momentum": _of_momentum,
    "volume_confirmation": _voted,
    "divergence": _voted,
    "stoch_rsi": _voted,
    "rsi": _voted,
    "macd": _voted,
    "bollinger_bands": _voted,
    "bb_squeeze": _of_squeeze,
    "vwap_bounce": lambda e, vote, settings: _of_level(e.vwap, e),
    "pivot_breakout": _voted,
}


def _number(value: float, decimals: int = 4) -> str:
    return f"{value:.{decimals}f}" if math.isfinite(value) else DASH


def _values(name: str, e: Evaluation, tick_size: Decimal) -> str:
    bar, fine = e.bar, max(4, tick_decimals(tick_size))
    if name == "divergence":
        if math.isnan(bar.swing_later):
            return "no swings"
        return f"swings {bar.swing_earlier:.0f} and {bar.swing_later:.0f} bars ago"
    if name == "bb_squeeze":
        return f"{_number(bar.bandwidth)}{' armed' if bar.armed == 1.0 else ''}"
    lower, upper = price_text(bar.band_lower, tick_size), price_text(bar.band_upper, tick_size)
    return {
        "ema_alignment": price_text(bar.ema, tick_size),
        "vwap_bounce": price_text(e.vwap, tick_size),
        "momentum": _number(bar.strength),
        "volume_confirmation": f"{_number(bar.obv, 2)} (x{_number(bar.relative_volume, 2)})",
        "stoch_rsi": _number(bar.stoch_k),
        "rsi": _number(bar.rsi),
        "macd": f"{_number(bar.macd, fine)} / {_number(bar.macd_signal, fine)}",
        "bollinger_bands": f"{lower} - {upper}",
        "pivot_breakout": f"{price_text(bar.r1, tick_size)} / {price_text(bar.s1, tick_size)}",
    }[name]
