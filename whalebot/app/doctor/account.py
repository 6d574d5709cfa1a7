"""Judges what the venue says of key, account, clock and streams."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from whalebot.adapters.bybit.preflight import AccountFacts, KeyFacts
from whalebot.app.config.document import Config
from whalebot.app.doctor.findings import Finding, fail, ok, warn
from whalebot.domain.events import ClockSkew


def judge_key(key: KeyFacts, config: Config) -> Iterator[Finding]:
    """Yield what a key may do and what it should not."""
    wanted = config.exchange.account_id
    if wanted is not None and key.account_id != wanted:
        yield fail(
            "key",
            f"belongs to account {key.account_id}, exchange.account_id says {wanted}",
            "use the key of that account, or correct account_id",
        )
    if key.may_withdraw:
        advice = "make a key without the right to withdraw"
        if config.mode == "live":
            yield fail("key", "may withdraw; mode live does not start with it", advice)
        else:
            yield warn("key", "may withdraw; mode live would not start with it", advice)
    else:
        yield ok("key", "may not withdraw")
    if key.may_trade:
        yield ok("key", "may trade contracts")
    elif config.trade_management.enabled:
        what = "is read-only" if key.read_only else "may not trade contracts"
        yield fail("key", what, "allow orders and positions, or set trade_management.enabled to false")
    if key.ip_bound:
        yield ok("key", f"bound to {', '.join(key.ips)}")
    else:
        yield warn("key", "works from every address", "bind it to the address of this machine")
    if key.expires:
        yield ok("key", f"valid until {key.expires}")
    if key.is_master:
        yield warn("account", "is the main account", "give the daemon a sub-account of its own")


def judge_account(account: AccountFacts) -> Iterator[Finding]:
    """Yield whether the kind of account is one that works."""
    if not account.is_unified:
        yield fail("account", "is no unified trading account", "upgrade it to a unified trading account")
    elif account.margin_mode == "PORTFOLIO_MARGIN":
        text = "portfolio margin: the margin cap is computed for regular margin"
        yield warn("account", text, "switch to cross or isolated margin")
    else:
        yield ok("account", f"unified, margin mode {account.margin_mode}")


def judge_wallet(equity: Decimal, available: Decimal) -> Finding:
    """Return whether there is something to trade with."""
    text = f"equity {equity:.2f} USDT, {available:.2f} available"
    if available <= 0:
        return fail("wallet", text, "transfer USDT to the unified trading account")
    return ok("wallet", text)


def judge_clock(skew: ClockSkew, config: Config) -> Finding:
    """Return whether this machine's clock is near enough to the venue's."""
    limit = config.risk_guardrails.max_clock_offset_ms
    text = f"{abs(skew.offset_ms)} ms off the venue's (limit {limit}, round trip {skew.round_trip_ms} ms)"
    if abs(skew.offset_ms) >= limit:
        return fail("clock", text, "let chrony or systemd-timesyncd set it; until then no entry is made")
    return ok("clock", text)
