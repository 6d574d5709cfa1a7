"""A mode is four objects: where the market comes from, where orders go, who answers reads, what is kept.

This is the only place that knows the mode.
"""

from __future__ import annotations

import secrets
from importlib import import_module

from whalebot.adapters.bybit.auth import Credentials
from whalebot.adapters.bybit.hosts import check_urls
from whalebot.adapters.bybit.retcodes import DUPLICATE_LINK_ID, refusal_of
from whalebot.app.config.launch import credentials_for
from whalebot.app.demo import launch_demo_exchange
from whalebot.app.endpoints import endpoints_of
from whalebot.app.venue import Venue, VenueParts
from whalebot.domain.errors import ConfigError
from whalebot.runtime.order_actions import RetCodes


def make_venue(parts: VenueParts) -> Venue:
    """Return the venue of the configured mode. Raises ConfigError."""
    mode = parts.setup.config.mode
    if mode == "demo":
        return _demo(parts)
    if mode in ("paper", "replay"):
        # The matching core is no business of the modes that trade at the venue.
        from whalebot.app.simulated import PaperVenue, ReplayVenue

        return PaperVenue(parts) if mode == "paper" else ReplayVenue(parts)
    return _account(parts, mode)


def _demo(parts: VenueParts) -> Venue:
    setup = parts.setup
    starting = launch_demo_exchange(setup.config, setup.paths, parts.options, parts.say)
    # REST and the engine take half a second to import: the exchange starts meanwhile.
    import_module("whalebot.engine.engine")
    from whalebot.app.remote import RemoteVenue

    exchange = starting.wait()
    try:
        endpoints = check_urls(
            rest_url=exchange.rest_url,
            ws_public_url=exchange.ws_public_url,
            ws_private_url=exchange.ws_private_url,
            real_keys=False,
        )
        keys = Credentials(exchange.credentials.api_key, exchange.credentials.api_secret)
        setup.masker.add(keys.key, keys.secret)
        return RemoteVenue(parts, endpoints, keys, exchange.time_scale, exchange)
    except BaseException:
        exchange.stop()
        raise


def _account(parts: VenueParts, mode: str) -> Venue:
    from whalebot.app.remote import RemoteVenue

    config = parts.setup.config
    credentials = credentials_for(config, parts.setup.environment)
    if credentials is None:
        raise ConfigError(f"mode {mode} needs BYBIT_API_KEY and BYBIT_API_SECRET in .env")
    keys = Credentials(credentials.api_key, credentials.api_secret)
    return RemoteVenue(parts, endpoints_of(config), keys, config.exchange.time_scale, None)


def ret_codes() -> RetCodes:
    """Return what the venue's refusals mean to the lanes."""
    return RetCodes(refusal_of, frozenset({DUPLICATE_LINK_ID}))


def new_run_id() -> str:
    """Return six characters that tell this state's orders from those of any other."""
    return secrets.token_hex(3)
