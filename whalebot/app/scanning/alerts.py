"""The channels that a scan tells: its own signed webhooks, every other kind through the alert system."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from whalebot.adapters.alerts.channels import ChannelSettings, open_channels
from whalebot.adapters.alerts.signed_webhook import SignedWebhook
from whalebot.adapters.alerts.system import AlertRules, AlertSystem
from whalebot.app.config.service_tables import AlertChannel
from whalebot.app.exits import CLEAN, DIFFERENCE
from whalebot.app.scanning.arguments import ScanArguments
from whalebot.app.scanning.config import ScanConfig
from whalebot.domain.enums import Level
from whalebot.domain.errors import ConfigError
from whalebot.ports import Clock
from whalebot.runtime.clock import SystemClock
from whalebot.scanner.alerting import ScanAlerts
from whalebot.scanner.options import AlertOptions, ScannerOptions

_WEB: Final = ("http://", "https://")
_LONGEST_SAMPLE_S: Final = 30.0
SAMPLE: Final = {
    "signal_type": "Long",
    "entry_price": 100.0,
    "stop_loss": 98.0,
    "take_profit": 104.0,
    "confidence": "Medium",
    "rationale": "a sample, no signal",
    "normalized_score": 0.5,
    "timestamp": "2025-01-01T00:00:00.000+00:00",
    "id": "sample",
    "event": "new",
    "symbol": "BTCUSDT",
    "interval": "15",
}


@contextmanager
def open_alerts(
    options: AlertOptions, channels: tuple[AlertChannel, ...], clock: Clock, mask: Callable[[str], str]
) -> Iterator[ScanAlerts]:
    """Give the alerts of a run. Raises ConfigError for a channel that does not exist or cannot be used."""
    halt = threading.Event()
    wanted = _named(options, channels)
    hooks = [
        SignedWebhook(channel.name, url, options.webhook_secret, halt)
        for channel in wanted
        if (url := channel.url.get_secret_value()).lower().startswith(_WEB)
    ]
    others = tuple(
        ChannelSettings(channel.name, channel.url.get_secret_value(), Level(channel.min_level))
        for channel in wanted
        if not channel.url.get_secret_value().lower().startswith(_WEB)
    )
    rules = AlertRules(options.max_per_minute, dedup_ms=0)
    system = AlertSystem(open_channels(others), clock, rules, mask=mask) if others else None
    alerts = ScanAlerts(options, hooks, system.send if system else None, clock.now_ms, mask)
    try:
        yield alerts
    finally:
        halt.set()
        alerts.stop()
        if system is not None:
            system.stop(0.5)


def _named(options: AlertOptions, channels: tuple[AlertChannel, ...]) -> list[AlertChannel]:
    known = {channel.name: channel for channel in channels}
    unknown = [name for name in options.channels if name not in known]
    if unknown:
        listed = ", ".join(known) or "none"
        raise ConfigError(
            f"scanner.alerts.channels: {unknown[0]!r} is no name in alerts.channels (there: {listed})"
        )
    return [known[name] for name in options.channels]


def send_sample(args: ScanArguments, config: ScanConfig, options: ScannerOptions) -> int:
    """Send one sample to the configured channels and say what became of it. Raises ConfigError."""
    if not options.alerts.channels:
        raise ConfigError("scanner.alerts.channels is empty; name channels of alerts.channels in it")
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    with open_alerts(options.alerts, config.channels, SystemClock(), args.masker.mask) as alerts:
        alerts.send(SAMPLE)
        is_done = alerts.wait_idle(_LONGEST_SAMPLE_S)
        lost = alerts.lost
    if lost or not is_done:
        print("the sample was not taken by every channel", file=sys.stderr)
        return DIFFERENCE
    print(f"sent to {', '.join(options.alerts.channels)}")
    return CLEAN
