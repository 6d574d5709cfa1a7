"""What a search makes as large as possible."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from whalebot.domain.errors import ConfigError
from whalebot.research.optimise.figures import Figures

MIN_TRADES: Final = 30
DEFAULT: Final = "sharpe_drawdown"
WORST: Final = -math.inf


def sharpe_drawdown(figures: Figures) -> float:
    """Return Sharpe · (1 − drawdown); divided where it is negative, so that a deeper fall is always worse."""
    kept = max(1.0 - figures.max_drawdown, 1e-9)
    return figures.sharpe * kept if figures.sharpe > 0 else figures.sharpe / kept


OBJECTIVES: Final[Mapping[str, Callable[[Figures], float]]] = {
    DEFAULT: sharpe_drawdown,
    "net_pnl": lambda figures: figures.net_pnl,
    "sharpe": lambda figures: figures.sharpe,
    "sortino": lambda figures: figures.sortino,
    "calmar": lambda figures: figures.calmar,
    "sqn": lambda figures: figures.sqn,
    "profit_factor": lambda figures: figures.profit_factor,
    "loss": lambda figures: -figures.loss,
}
"""By name; each is made as large as possible, so the loss counts with its sign turned."""


def parse_objectives(text: str) -> tuple[str, ...]:
    """Return the names in a comma-separated text. Raises ConfigError."""
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in OBJECTIVES:
            raise ConfigError(f"--objective {name}: allowed are {', '.join(OBJECTIVES)}")
    if len(set(names)) < len(names):
        raise ConfigError(f"--objective {text}: one stands twice")
    return names


def scores(figures: Figures, names: tuple[str, ...], min_trades: int = MIN_TRADES) -> tuple[float, ...]:
    """Return one score per name; −inf for too few trades and for whatever is not finite."""
    if figures.trades < min_trades:
        return (WORST,) * len(names)
    found = (OBJECTIVES[name](figures) for name in names)
    return tuple(score if math.isfinite(score) else WORST for score in found)
