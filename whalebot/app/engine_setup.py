"""From the checked configuration to the settings of one engine."""

from __future__ import annotations

from dataclasses import replace

from whalebot.app.config.convert import (
    guardrail_settings,
    indicator_settings,
    milliseconds,
    mtf_settings,
    scoring_settings,
    trade_settings,
)
from whalebot.app.config.document import Config
from whalebot.app.config.fingerprint import config_hash
from whalebot.decisions.analysis.history import bars_needed, trend_bars_needed
from whalebot.engine.settings import HISTORY_BARS, EngineSettings, FeedSettings, Timing


def engine_settings(config: Config, feed: FeedSettings) -> EngineSettings:
    """Return what the engine is told; `feed` holds the facts about where events come from."""
    return EngineSettings(
        symbols=config.traded_symbols,
        interval=config.interval,
        label=config.mode,
        config_hash=config_hash(config),
        orderbook_depth=config.orderbook_limit,
        intrabar=config.intrabar,
        scoring=scoring_settings(config),
        indicators=indicator_settings(config),
        mtf=mtf_settings(config),
        trade=trade_settings(config),
        guardrails=guardrail_settings(config),
        feed=feed,
        timing=_timing(config),
        history_bars=_history_bars(config),
    )


def _timing(config: Config) -> Timing:
    timing = Timing(
        heartbeat_ms=milliseconds(config.loop_delay, 1000), recv_window_ms=config.exchange.recv_window_ms
    )
    # A replay is told of every settlement at once, and no next run records what waited for one.
    return replace(timing, funding_check_ms=None) if config.mode == "replay" else timing


def _history_bars(config: Config) -> int:
    """Enough for every warm-up, and never less than the window."""
    indicators, mtf = indicator_settings(config), mtf_settings(config)
    primary = bars_needed(config.interval, scoring_settings(config), indicators)
    return max(HISTORY_BARS, primary, trend_bars_needed(mtf, indicators))


def intervals_of(config: Config) -> tuple[str, ...]:
    """Return the timeframes to stream, the primary one first."""
    mtf = mtf_settings(config)
    return (config.interval, *(mtf.higher_timeframes if mtf.enabled else ()))
