"""A connection to the venue's public history, without keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from whalebot.adapters.bybit.hosts import HOSTS, check_urls, is_venue
from whalebot.adapters.bybit.rest import RestFactory, RestSettings
from whalebot.domain.addresses import is_loopback
from whalebot.domain.errors import ConfigError
from whalebot.runtime.clock import SystemClock

if TYPE_CHECKING:
    from whalebot.adapters.bybit.rest_history import BybitHistory


@contextmanager
def open_history(endpoint: str | None) -> Iterator[BybitHistory]:
    """Give the history at an address: Bybit's own without one. Raises ConfigError for a strange address."""
    rest, public, _ = HOSTS["mainnet"]
    endpoints = check_urls(
        rest_url=endpoint or rest, ws_public_url=public, ws_private_url=None, real_keys=False
    )
    host = (urlsplit(endpoints.rest_url).hostname or "").lower()
    if not is_loopback(host) and not is_venue(host):
        raise ConfigError(f"--endpoint {endpoint}: {host} is neither Bybit's nor this machine")
    client = RestFactory(RestSettings(endpoints, ()), SystemClock()).client()
    from whalebot.adapters.bybit.rest_history import BybitHistory

    try:
        yield BybitHistory(client.session, client.market.measure_clock)
    finally:
        client.close()
