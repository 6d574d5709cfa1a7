"""Named views of the table: a filter, a sort and the columns to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from whalebot.decisions.scan.ranking import DEFAULT_COLUMNS


@dataclass(frozen=True, slots=True)
class Preset:
    """`filter` "" passes all; `sort` "" is the default rank, else column names by comma."""

    filter: str = ""
    sort: str = ""
    ascending: bool = False
    columns: tuple[str, ...] = DEFAULT_COLUMNS


_FRONT: Final = ("rank", "symbol", "price", "change24h", "signal", "score", "confidence")
PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        "liquid": Preset(
            "turnover24h > 5e7 and spread_bps < 5",
            "turnover24h",
            columns=(*_FRONT, "turnover24h", "spread_bps", "imbalance", "status"),
        ),
        "oversold": Preset(
            "rsi < 30 and stoch_k < 0.2",
            "rsi",
            ascending=True,
            columns=(*_FRONT, "rsi", "stoch_k", "ema_distance", "s1_distance", "status"),
        ),
        "breakout": Preset(
            "(r1_distance < 0 or s1_distance < 0) and relative_volume > 1.5",
            "relative_volume",
            columns=(*_FRONT, "r1_distance", "s1_distance", "relative_volume", "natr", "status"),
        ),
        "squeeze": Preset(
            "armed == 1",
            "bandwidth",
            ascending=True,
            columns=(*_FRONT, "bandwidth", "armed", "natr", "relative_volume", "status"),
        ),
        "funding_extreme": Preset(
            "abs(funding) > 0.05",
            "funding",
            columns=(*_FRONT, "funding", "oi_change1h", "turnover24h", "status"),
        ),
    }
)
"""The views that come with the product; a user's own are added to them."""
