"""Tables about the service around trading: log, alerts, metrics, web, lease."""

from __future__ import annotations

from typing import Literal

from pydantic import SecretStr

from whalebot.app.config.fields import (
    MINUTES,
    SECONDS,
    SHORT_NAME,
    HostName,
    LocalTime,
    Name,
    Table,
    key,
    table,
)

_REFERENCE = '"${NAME}", where NAME is set in the environment or in .env'


class LoggingTable(Table):
    """What is written to the log."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = key(
        "INFO", "least level that is written"
    )


class RecordingsTable(Table):
    """How many recordings are kept."""

    keep_days: int | None = key(
        30, "a recording is removed so long after its last event; null keeps it", "days", ge=1, le=36_500
    )
    max_mb: int = key(
        10_240,
        "all recordings together at most: the oldest are removed, and one that is as large alone ends",
        "MB",
        ge=128,
        le=100_000_000,
    )


class AlertChannel(Table):
    """One way to reach a person."""

    name: Name = key(..., "name of the channel in the log", allowed=SHORT_NAME)
    url: SecretStr = key(..., "address of the channel (an Apprise URL)", allowed=_REFERENCE, min_length=1)
    min_level: Literal["info", "warning", "critical"] = key("warning", "least level that is sent")


class TelegramTable(Table):
    """Commands by chat."""

    enabled: bool = key(False, "take commands from the chats below; needs alerts.enabled")
    token: SecretStr | None = key(None, "token of the bot, as @BotFather gives it", allowed=_REFERENCE)
    chat_ids: tuple[int, ...] = key(
        (), "chats whose every member may command; all others are ignored", allowed="a list of whole numbers"
    )


class AlertTable(Table):
    """Telling people."""

    enabled: bool = key(False, "send alerts")
    channels: tuple[AlertChannel, ...] = key((), "where to")
    max_per_minute: int = key(10, "alerts in a minute at most", ge=1, le=1000)
    dedup_s: float = key(600.0, "time in which an equal alert is sent once", SECONDS, ge=0, le=86_400)
    heartbeat_url: SecretStr | None = key(
        None, "address called every 60 s while the main loop makes progress", allowed=_REFERENCE
    )
    escalate_after_min: float = key(
        30.0,
        "time after which a critical alert that nobody acknowledged is sent once more; 0: never",
        MINUTES,
        ge=0,
        le=1440,
    )
    quiet_hours: tuple[LocalTime, LocalTime] | None = key(
        None,
        "from when to when alerts of level info are not sent; over midnight where the first is the later",
        allowed='a pair of local times ["HH:MM", "HH:MM"]',
    )
    daily_summary: LocalTime | None = key(
        None, "when trades, result and positions of the last 24 h are sent to every channel; null: never"
    )
    telegram: TelegramTable = table(TelegramTable, "commands by chat")


class MetricsTable(Table):
    """Figures for Prometheus; the server of the table web has them at /metrics besides."""

    textfile: str | None = key(
        None,
        "file that holds the figures, made anew every 15 s, for a textfile collector; "
        "a relative name lies under the folder of --dir",
        allowed="a file name that ends in .prom",
        pattern=r"\.prom$",
    )


class WebTable(Table):
    """The HTTP server."""

    enabled: bool = key(False, "serve dashboard, API and metrics")
    host: str = key(
        "127.0.0.1", "address to listen on; one that other machines reach needs a token", min_length=1
    )
    port: int = key(8000, "port to listen on; 0: any free one", ge=0, le=65_535)
    token: SecretStr | None = key(
        None,
        "token for every call that changes something, and for all where host is another; null: one is made "
        "and kept in state/web.token",
        allowed=_REFERENCE,
    )
    allowed_hosts: tuple[HostName, ...] = key(
        (), "names besides addresses under which browsers may ask, as of a proxy in front", max_length=20
    )
    allow_orders: bool = key(False, "allow manual orders")


class LeaseTable(Table):
    """One daemon for one account, on whatever machine: without a valid lease no order leaves."""

    kind: Literal["off", "kubernetes"] = key(
        "off", "where the lease is kept: nowhere, or in a Lease object of the cluster that the daemon runs in"
    )
    name: str = key(
        "whalebot",
        "name of the Lease object in the pod's namespace; all that might trade one account name the same",
        allowed="1 to 63 lower-case letters, digits or dashes, the first and last no dash",
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
    )
    duration_s: int = key(
        30, "time after the last renewal for which no other may take the lease", SECONDS, ge=10, le=3600
    )
    renew_s: int = key(10, "time between renewals", SECONDS, ge=1, le=1200)
