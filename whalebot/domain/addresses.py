"""Which hosts are this machine."""

from __future__ import annotations

import ipaddress


def is_address(text: str) -> bool:
    """Tell whether a text is an IP address, without a zone."""
    try:
        return "%" not in text and bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine."""
    if host.lower() == "localhost":
        return True
    return is_address(host) and ipaddress.ip_address(host).is_loopback
