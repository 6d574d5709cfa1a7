"""What is kept of one symbol: its bars of each interval, its price, its last evaluation."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from whalebot.decisions.scan.deciding import Evaluator
from whalebot.decisions.scan.evaluation import Evaluation
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.decisions.scan.values import BarValues
from whalebot.domain.market import Candle
from whalebot.scanner.bar_store import BarStore
from whalebot.scanner.quotes import Quote


class Phase(Enum):
    """How far a symbol is."""

    WAITING = "waiting"
    LIVE = "live"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Frame:
    """The settings of one interval and what judges by them."""

    settings: ScanSettings
    evaluator: Evaluator


@dataclass(slots=True)
class Lane:
    """One symbol on one interval. `parked`: closed bars that wait for what lies before them.

    `judged_ms`: event time of the last evaluation. `asked_session`: the session asked for last.
    """

    store: BarStore
    parked: list[Candle] = field(default_factory=list)
    is_loaded: bool = False
    is_filling: bool = False
    values: BarValues | None = None
    score: float | None = None
    judged_ms: int = 0
    hole_tries: int = 0
    asked_session: int | None = None


@dataclass(slots=True)
class SymbolCard:
    """One symbol. `failures`: attempts at its history that failed; `reason`: why it is failed or closed."""

    symbol: str
    tick_size: Decimal
    quote: Quote
    lanes: dict[str, Lane]
    phase: Phase = Phase.WAITING
    reason: str = ""
    failures: int = 0
    evaluation: Evaluation | None = None
    last_close: Decimal | None = None
    is_price_new: bool = False
    said_insufficient: bool = False
