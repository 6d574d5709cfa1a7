"""The addresses of a mode: the venue's own, or those that the configuration names."""

from __future__ import annotations

from typing import Final

from whalebot.adapters.bybit.hosts import HOSTS, Endpoints, check_urls
from whalebot.app.config.document import Config

_ENVIRONMENT: Final = {"testnet": "testnet", "bybit-demo": "demo", "live": "mainnet", "paper": "mainnet"}


def endpoints_of(config: Config) -> Endpoints:
    """Return the checked addresses of a mode that talks to the venue. Raises ConfigError."""
    rest, public, private = HOSTS[_ENVIRONMENT[config.mode]]
    given = config.exchange
    return check_urls(
        rest_url=given.rest_url or rest,
        ws_public_url=given.ws_public_url or public,
        ws_private_url=given.ws_private_url or private,
        trusted_hosts=given.trusted_hosts,
        real_keys=config.mode != "paper",
    )
