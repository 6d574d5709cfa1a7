"""Where the venue lives, and which addresses a key may be sent to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from whalebot.domain.addresses import is_address, is_loopback
from whalebot.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses that passed `check_urls`. `ws_private_url` is None where no account is used."""

    rest_url: str
    ws_public_url: str
    ws_private_url: str | None

    @property
    def is_loopback(self) -> bool:
        """True when REST goes to this machine."""
        return is_loopback(urlsplit(self.rest_url).hostname or "")


HOSTS: Final = {
    "mainnet": (
        "https://api.bybit.com",
        "wss://stream.bybit.com/v5/public/linear",
        "wss://stream.bybit.com/v5/private",
    ),
    "testnet": (
        "https://api-testnet.bybit.com",
        "wss://stream-testnet.bybit.com/v5/public/linear",
        "wss://stream-testnet.bybit.com/v5/private",
    ),
    # Demo trading shows the market of mainnet; only the account is its own.
    "demo": (
        "https://api-demo.bybit.com",
        "wss://stream.bybit.com/v5/public/linear",
        "wss://stream-demo.bybit.com/v5/private",
    ),
}
"""REST, public stream and private stream by environment."""

_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)
VENUE_DOMAINS: Final = (
    "bybit.com",
    "bytick.com",
    "bybit.nl",
    "bybit-tr.com",
    "bybit.kz",
    "bybitgeorgia.ge",
    "bybit.ae",
    "bybit.eu",
    "bybit.id",
)
"""Domains the venue publishes for its API; a key belongs to one of them."""


def check_urls(
    *,
    rest_url: str,
    ws_public_url: str,
    ws_private_url: str | None,
    trusted_hosts: Sequence[str] = (),
    real_keys: bool,
) -> Endpoints:
    """Check the addresses of a set-up and return them.

    `real_keys` says that keys of a real account will be used. Raises ConfigError, naming the key and the
    remedy: for an address that is no URL, for plain text off this machine, and for real keys going to a host
    that is neither the venue's nor this machine nor named in `exchange.trusted_hosts`.
    """
    _check("exchange.rest_url", rest_url, ("http", "https"), trusted_hosts, real_keys)
    # The public stream carries no key, so any host may serve it.
    _check("exchange.ws_public_url", ws_public_url, ("ws", "wss"), trusted_hosts, False)
    if ws_private_url is not None:
        _check("exchange.ws_private_url", ws_private_url, ("ws", "wss"), trusted_hosts, real_keys)
    return Endpoints(rest_url.rstrip("/"), ws_public_url, ws_private_url)


def _check(
    name: str, url: str, schemes: tuple[str, str], trusted_hosts: Sequence[str], real_keys: bool
) -> None:
    parts = _split(name, url, schemes)
    host = (parts.hostname or "").lower()
    plain, secure = schemes
    if parts.scheme == plain and not is_loopback(host):
        raise ConfigError(
            f"{name}: {url!r} would send everything unencrypted to {host}; "
            f"use {secure}:// ({plain}:// is for this machine only)"
        )
    if not real_keys or is_loopback(host) or is_venue(host):
        return
    if host not in {trusted.lower() for trusted in trusted_hosts}:
        raise ConfigError(
            f"{name}: {host} does not belong to Bybit, so no real key is sent there; "
            f'if you trust it, add "{host}" to exchange.trusted_hosts'
        )


def _split(name: str, url: str, schemes: tuple[str, str]) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (reading it checks it)
    except ValueError as e:
        raise ConfigError(f"{name}: {url!r} is not a URL: {e}") from None
    if "@" in parts.netloc:
        raise ConfigError(f"{name}: a URL may not carry a user name or a password")
    if parts.scheme not in schemes or not parts.hostname:
        raise ConfigError(f"{name}: {url!r} must be {schemes[1]}://HOST[:PORT][/PATH] (or {schemes[0]}://)")
    if fault := url_fault(url, parts):
        raise ConfigError(f"{name}: {url!r}: {fault}")
    return parts


def url_fault(url: str, parts: SplitResult) -> str:
    """Return why an address could lead elsewhere than it seems to, "" for one that says what it means."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "only plain ASCII without spaces and backslashes belongs into an address"
    if not is_plain_host(parts.hostname or ""):
        return "the host must be a name of letters, digits, dots and hyphens, or an IP address"
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return "nothing may follow the path"
    return ""


def is_plain_host(host: str) -> bool:
    """Tell whether a host is written so that every library reads the same name or address in it.

    In `evil.example\\.bybit.com` one parser sees a host of Bybit and the next one connects to evil.example.
    """
    return bool(_HOST.fullmatch(host)) or is_address(host)


def is_venue(host: str) -> bool:
    """Tell whether a host, in lower case as URLs are split into, belongs to Bybit."""
    return is_plain_host(host) and any(
        host == domain or host.endswith(f".{domain}") for domain in VENUE_DOMAINS
    )
