"""Tables about the service around trading: log, alerts, web."""

from __future__ import annotations

from typing import Literal

from pydantic import SecretStr

from whalebot.app.config.fields import SECONDS, SHORT_NAME, Name, Table, key

_REFERENCE = '"${NAME}", where NAME is set in the environment or in .env'


class LoggingTable(Table):
    """What is written to the log."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = key(
        "INFO", "least level that is written"
    )


class AlertChannel(Table):
    """One way to reach a person."""

    name: Name = key(..., "name of the channel in the log", allowed=SHORT_NAME)
    url: SecretStr = key(..., "address of the channel (an Apprise URL)", allowed=_REFERENCE, min_length=1)
    min_level: Literal["info", "warning", "critical"] = key("warning", "least level that is sent")


class AlertTable(Table):
    """Telling people."""

    enabled: bool = key(False, "send alerts")
    channels: tuple[AlertChannel, ...] = key((), "where to")
    max_per_minute: int = key(10, "alerts in a minute at most", ge=1, le=1000)
    dedup_s: float = key(600.0, "time in which an equal alert is sent once", SECONDS, ge=0, le=86_400)
    heartbeat_url: SecretStr | None = key(
        None, "address called every 60 s while the main loop makes progress", allowed=_REFERENCE
    )


class WebTable(Table):
    """The HTTP server."""

    enabled: bool = key(False, "serve dashboard, API and metrics")
    host: str = key("127.0.0.1", "address to listen on", min_length=1)
    port: int = key(8000, "port to listen on", ge=0, le=65_535)
    token: SecretStr | None = key(
        None, "token for another host and for every call that changes something", allowed=_REFERENCE
    )
    allow_orders: bool = key(False, "allow manual orders")
