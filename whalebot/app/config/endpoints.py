"""Which addresses may be talked to, and which may be shown a real key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import SplitResult, urlsplit

from whalebot.adapters.bybit.hosts import is_venue, url_fault
from whalebot.app.config.document import Config
from whalebot.app.config.problems import Problem
from whalebot.app.config.venue_tables import ExchangeTable
from whalebot.domain.addresses import is_loopback

KEYED_MODES: Final = ("testnet", "bybit-demo", "live")
"""Modes in which real keys leave this machine."""

URL_KEYS: Final = ("rest_url", "ws_public_url", "ws_private_url")


def may_see_keys(host: str, exchange: ExchangeTable) -> bool:
    """Tell whether requests signed with a real key may go to a host."""
    return is_venue(host) or is_loopback(host) or host.lower() in {h.lower() for h in exchange.trusted_hosts}


def check_endpoints(config: Config) -> Iterator[Problem]:
    """Yield what is wrong with the addresses in `exchange`."""
    hosts: dict[str, str] = {}
    for name in URL_KEYS:
        url = getattr(config.exchange, name)
        if url is not None:
            # The public stream carries no key, so any host may serve it.
            shows_key = config.mode in KEYED_MODES and name != "ws_public_url"
            host, fault = _judge(url, config.exchange, shows_key)
            hosts[name] = host
            if fault:
                yield Problem(("exchange", name), fault, json.dumps(_without_user(url)))
    yield from _check_together(config, hosts)
    yield from _check_time_scale(config, hosts)


def _judge(url: str, exchange: ExchangeTable, shows_key: bool) -> tuple[str, str]:
    """Return the host of an address and what speaks against it ("" for nothing)."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return "", "not an address; write scheme://host:port"
    if not host:
        return "", "no host in it; write scheme://host:port"
    if "@" in parts.netloc:
        return host, "user and password do not belong into this file; remove them"
    if fault := url_fault(url, parts):
        return host, fault
    if parts.scheme in ("http", "ws") and not is_loopback(host):
        return host, f"plain text is allowed only to this machine; use {parts.scheme}s://"
    if shows_key and not may_see_keys(host, exchange):
        trust = f"if you trust it, add {json.dumps(host)} to exchange.trusted_hosts"
        return host, f"neither Bybit's nor this machine, so it is not shown the API key; {trust}"
    return host, ""


def _without_user(url: str) -> str:
    try:
        parts: SplitResult = urlsplit(url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    except ValueError:
        return "(hidden)"


def _check_together(config: Config, hosts: dict[str, str]) -> Iterator[Problem]:
    needed = URL_KEYS if config.mode in KEYED_MODES else ("rest_url", "ws_public_url")
    missing = [name for name in needed if name not in hosts]
    if hosts and missing and config.mode != "replay":
        text = f"set too, because {' and '.join(hosts)} is: one venue cannot be mixed with another"
        for name in missing:
            yield Problem(("exchange", name), text, "null")


def _check_time_scale(config: Config, hosts: dict[str, str]) -> Iterator[Problem]:
    scale = config.exchange.time_scale
    if scale == 1 or config.mode in ("demo", "replay"):
        return
    if not hosts or not all(is_loopback(host) for host in hosts.values()):
        text = "allowed is only 1, unless every address in exchange is on this machine"
        yield Problem(("exchange", "time_scale"), text, f"{scale:g}")
