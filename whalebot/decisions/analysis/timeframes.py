"""Which higher timeframes can be watched beside a primary interval."""

from __future__ import annotations

from whalebot.decisions.analysis.settings import MtfSettings
from whalebot.domain.intervals import interval_ms


def usable_timeframes(interval: str, mtf: MtfSettings) -> tuple[tuple[str, ...], list[str]]:
    """Return (timeframes longer than `interval`, one line on each that was left out)."""
    if not mtf.enabled or not mtf.trend_indicators:
        return (), []
    usable = [name for name in mtf.higher_timeframes if interval_ms(name) > interval_ms(interval)]
    dropped = [
        f"timeframe {name} is left out: it is not longer than the primary interval {interval}"
        for name in mtf.higher_timeframes
        if name not in usable
    ]
    return tuple(usable), dropped
