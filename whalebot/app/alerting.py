"""From the table of alerts to who is told what, and when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import Final
from zoneinfo import ZoneInfo

from whalebot.adapters.alerts.channels import AppriseChannel, ChannelSettings, open_channels
from whalebot.adapters.alerts.quiet import QuietHours
from whalebot.adapters.alerts.system import AlertRules, AlertSystem
from whalebot.app.config.convert import milliseconds
from whalebot.app.config.document import Config
from whalebot.app.setup import Setup
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level
from whalebot.domain.errors import ConfigError
from whalebot.ports import Clock

_MINUTE_MS: Final = 60_000
_TOLD: Final = {
    "stop_moved": "the stop has moved",
    "storage_back": "writing to disk works again",
    "paused": "entries are paused",
    "resumed": "entries are allowed again",
    "pause_over": "a guardrail's pause is over",
    "venue_unblocked": "the venue takes requests again",
}
"""Notices of the engine that are an alert of level info besides, by kind."""


def open_alerts(setup: Setup, clock: Clock) -> AlertSystem:
    """Return the running alert system. Raises ConfigError for a channel that cannot be opened."""
    config = setup.config
    return AlertSystem(_channels(config), clock, alert_rules(config), mask=setup.masker.mask)


def channel_fault(config: Config) -> str:
    """Return why the channels cannot be opened, "" where they can. Nothing is sent."""
    try:
        _channels(config)
    except ConfigError as error:
        return str(error)
    return ""


def _channels(config: Config) -> tuple[AppriseChannel, ...]:
    table = config.alerts
    settings = tuple(
        ChannelSettings(c.name, c.url.get_secret_value(), Level(c.min_level))
        for c in (table.channels if table.enabled else ())
    )
    return open_channels(settings)


def alert_rules(config: Config) -> AlertRules:
    """Return how people are told."""
    table = config.alerts
    quiet = None
    if table.quiet_hours is not None:
        start, end = (time.fromisoformat(text) for text in table.quiet_hours)
        quiet = QuietHours(start, end, ZoneInfo(config.timezone))
    return AlertRules(
        max_per_minute=table.max_per_minute,
        dedup_ms=milliseconds(table.dedup_s, 1000),
        escalate_ms=milliseconds(table.escalate_after_min, _MINUTE_MS) or None,
        quiet=quiet,
        hint=_hint(config),
    )


def tell_notice(alerts: AlertSystem, notice: Notice) -> None:
    """Tell people of a notice that matters to them and has no alert of its own. Returns at once.

    What repeats quickly, as the moves of one stop, is told once in the time of equal alerts.
    """
    words = _TOLD.get(notice.kind)
    if words is not None:
        title = f"{notice.symbol}: {words}" if notice.symbol else words
        alerts.send(Level.INFO, title, notice.text, notice.kind, (notice.kind, notice.symbol))


def _hint(config: Config) -> Callable[[int], str] | None:
    if config.alerts.telegram.enabled:
        return lambda number: f"seen? /ack {number}"
    if config.web.enabled:
        return lambda number: f"seen? acknowledge alert {number} in the dashboard"
    return None
