"""What the pool of REST threads brings back to the loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from whalebot.adapters.bybit.rest_survey import ListedSymbol
from whalebot.decisions.scan.window import SessionBar
from whalebot.domain.market import Candle
from whalebot.scanner.bootstrap import History


@dataclass(frozen=True, slots=True)
class HistoryArrived:
    """The history of a symbol."""

    history: History
    recv_ms: int


@dataclass(frozen=True, slots=True)
class HistoryFailed:
    """A symbol's history could not be had. `gone`: the venue does not know the symbol."""

    symbol: str
    interval: str
    reason: str
    gone: bool
    recv_ms: int


@dataclass(frozen=True, slots=True)
class HoleFilled:
    """Bars over a hole, oldest first and closed; empty where they could not be had."""

    symbol: str
    interval: str
    bars: tuple[Candle, ...]
    recv_ms: int


@dataclass(frozen=True, slots=True)
class SessionArrived:
    """The extremes of the session before; None where they could not be had."""

    symbol: str
    interval: str
    bar: SessionBar | None
    recv_ms: int


@dataclass(frozen=True, slots=True)
class UniverseArrived:
    """The list of perpetuals and the turnover (USDT, 24 h) of those that have one."""

    listed: Mapping[str, ListedSymbol]
    turnover: Mapping[str, float]
    recv_ms: int


Arrival: TypeAlias = HistoryArrived | HistoryFailed | HoleFilled | SessionArrived | UniverseArrived
