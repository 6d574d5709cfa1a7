"""What the engine is told at birth. It never learns in which mode it runs, only facts about its feed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from whalebot.decisions.analysis.settings import IndicatorSettings, MtfSettings, ScoringSettings
from whalebot.decisions.risk.settings import GuardrailSettings, TradeSettings

HISTORY_BARS: Final = 1000
MAX_AHEAD_MS: Final = 300_000


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """Facts about where events come from.

    `time_scale`: market milliseconds per real millisecond. `has_book`: an order book is streamed.
    `max_ahead_ms`: how far the stamps of a market that keeps real time may lie ahead of the venue's clock.
    `hedged`: symbols that the account holds in hedge mode. `has_holes`: a bar that does not come does not
    exist; nobody can be asked for it.
    Real-time durations in ms: `higher_wait_ms` for a higher bar that is due, `retry_ms` between attempts.
    """

    time_scale: float = 1.0
    has_book: bool = True
    max_ahead_ms: int | None = None
    hedged: frozenset[str] = frozenset()
    has_holes: bool = False
    higher_wait_ms: int = 2_000
    retry_ms: int = 2_000


@dataclass(frozen=True, slots=True)
class Timing:
    """Real-time durations of the engine's own watch, in ms; None switches a refresh off.

    `stop_limit_ms`: how long a position may be without a confirmed stop before its exit is sent; with the
    way of that order it stays below two seconds. `rest_wait_ms`: how long a stop that fired may take to fill.
    `exit_wait_ms`: how long an exit of unknown fate holds up the next one. `funding_check_ms`: how long after
    a settlement its funding is asked for where nobody told it; None where everything is told.
    """

    heartbeat_ms: int | None = 15_000
    reconcile_ms: int = 60_000
    stop_check_ms: int = 1_000
    stop_limit_ms: int = 1_750
    rest_wait_ms: int = 250
    exit_wait_ms: int = 2_000
    order_check_ms: int = 3_000
    lookup_ms: int = 1_500
    recv_window_ms: int = 5_000
    compare_bar_ms: int = 5_000
    outage_alert_ms: int = 60_000
    trouble_alert_ms: int = 180_000
    shutdown_ms: int = 3_500
    view_ms: int | None = 250
    snapshot_timeout_ms: int = 30_000
    funding_check_ms: int | None = 5_000


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """The whole set-up of one engine. `keeps_document` False: the state dies with the engine, nothing asks
    for it to be written."""

    symbols: tuple[str, ...]
    interval: str
    label: str
    config_hash: str
    orderbook_depth: int = 50
    intrabar: bool = False
    scoring: ScoringSettings = field(default_factory=ScoringSettings)
    indicators: IndicatorSettings = field(default_factory=IndicatorSettings)
    mtf: MtfSettings = field(default_factory=MtfSettings)
    trade: TradeSettings = field(default_factory=TradeSettings)
    guardrails: GuardrailSettings = field(default_factory=GuardrailSettings)
    feed: FeedSettings = field(default_factory=FeedSettings)
    timing: Timing = field(default_factory=Timing)
    history_bars: int = HISTORY_BARS
    keeps_document: bool = True
