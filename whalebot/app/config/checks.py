"""What single values cannot show: keys that must fit together."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from whalebot.adapters.alerts.heartbeat import address_fault
from whalebot.app.config.document import Config
from whalebot.app.config.endpoints import check_endpoints
from whalebot.app.config.problems import HIDDEN, Path, Problem
from whalebot.app.config.score_range import check_reachable
from whalebot.app.config.unavailable import refuse_unavailable
from whalebot.domain.intervals import interval_ms

_BELOW: Final = (
    ("ema_short_period", "ema_long_period"),
    ("macd_fast_period", "macd_slow_period"),
    ("kama_fast_period", "kama_slow_period"),
    ("rsi_oversold", "rsi_overbought"),
    ("stoch_rsi_oversold", "stoch_rsi_overbought"),
    ("cci_oversold", "cci_overbought"),
    ("williams_r_oversold", "williams_r_overbought"),
    ("mfi_oversold", "mfi_overbought"),
    ("roc_oversold", "roc_overbought"),
)
"""Pairs of indicator settings of which the first must be the smaller one."""


def check_together(config: Config) -> Iterator[Problem]:
    """Yield every fault that shows only when keys are seen together."""
    yield from _check_symbols(config)
    yield from _check_timezone(config)
    yield from _check_weights(config)
    yield from check_reachable(config)
    yield from _check_indicators(config)
    yield from _check_positions(config)
    yield from _check_session(config)
    yield from _check_alerts(config)
    yield from _check_lease(config)
    yield from check_endpoints(config)
    yield from refuse_unavailable(config)


def warnings(config: Config) -> Iterator[str]:
    """Yield what is allowed but worth a line."""
    for timeframe in config.mtf_analysis.higher_timeframes:
        if interval_ms(timeframe) <= interval_ms(config.interval):
            yield (
                f'mtf_analysis.higher_timeframes: "{timeframe}" is not above interval "{config.interval}"'
                " and is left out"
            )
    if config.alerts.enabled and not config.alerts.channels:
        yield "alerts.enabled is true, but alerts.channels is empty: nobody is told"
    if config.trade_management.risk_per_trade_percent > 5:
        risk = config.trade_management.risk_per_trade_percent
        yield f"trade_management.risk_per_trade_percent = {risk:g}: a full stop costs {risk:g} % of equity"
    if not config.risk_guardrails.enabled:
        yield "risk_guardrails.enabled is false: no loss limit, no cost gate, no cap on notional"


def _problem(path: Path, value: Any, text: str, *compared_with: Path) -> Problem:
    return Problem(path, text, json.dumps(value), compared_with)


def _repeated(names: Sequence[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _check_symbols(config: Config) -> Iterator[Problem]:
    if config.symbols is None:
        return
    for name in _repeated(config.symbols):
        yield _problem(("symbols",), list(config.symbols), f"{name} stands in it more than once")
    if "symbol" in config.model_fields_set and config.symbol not in config.symbols:
        text = "not among symbols; keep one of the two keys"
        yield _problem(("symbol",), config.symbol, text, ("symbols",))


def _check_timezone(config: Config) -> Iterator[Problem]:
    try:
        ZoneInfo(config.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        text = "allowed is an IANA name, as America/Chicago, Europe/Berlin or UTC"
        yield _problem(("timezone",), config.timezone, text)


def _check_weights(config: Config) -> Iterator[Problem]:
    if config.active_weight_set not in config.weight_sets:
        text = f"allowed is a name in weight_sets: {', '.join(map(json.dumps, config.weight_sets))}"
        yield _problem(("active_weight_set",), config.active_weight_set, text, ("weight_sets",))


def _check_indicators(config: Config) -> Iterator[Problem]:
    settings = config.indicator_settings
    for low, high in _BELOW:
        lower, upper = getattr(settings, low), getattr(settings, high)
        if lower >= upper:
            text = f"must be below {high}, which is {upper:g}"
            yield _problem(("indicator_settings", low), lower, text, ("indicator_settings", high))
    if settings.psar_acceleration > settings.psar_max_acceleration:
        text = f"must not be above psar_max_acceleration, which is {settings.psar_max_acceleration:g}"
        path = ("indicator_settings", "psar_acceleration")
        yield _problem(
            path, settings.psar_acceleration, text, ("indicator_settings", "psar_max_acceleration")
        )
    for name in ("higher_timeframes", "trend_indicators"):
        values = getattr(config.mtf_analysis, name)
        for value in _repeated(values):
            yield _problem(("mtf_analysis", name), list(values), f"{value} stands in it more than once")


def _check_positions(config: Config) -> Iterator[Problem]:
    trade = config.trade_management
    path = ("trade_management", "max_open_positions")
    if trade.max_open_positions > 1 and not config.pyramiding.enabled:
        yield _problem(path, trade.max_open_positions, "allowed is 1 unless pyramiding.enabled is true")
    shares = sum(step.size_percent for step in config.take_profit_ladder.steps)
    if config.take_profit_ladder.enabled and abs(shares - 100) > 1e-9:
        yield _problem(
            ("take_profit_ladder", "steps"), shares, "the size_percent of all steps must add up to 100"
        )


def _check_session(config: Config) -> Iterator[Problem]:
    session = config.session_filter
    if session.enabled and not session.utc_allowed:
        text = (
            "session_filter.enabled is true, so name at least one pair of times; none would block every entry"
        )
        yield _problem(("session_filter", "utc_allowed"), [], text)
    for number, (start, end) in enumerate(session.utc_allowed):
        if start == end or start == "24:00":
            text = 'start and end must differ, a start is "23:59" at most; a whole day is ["00:00", "24:00"]'
            yield _problem(("session_filter", "utc_allowed", number), [start, end], text)


def _check_alerts(config: Config) -> Iterator[Problem]:
    names = [channel.name for channel in config.alerts.channels]
    for name in _repeated(names):
        yield _problem(("alerts", "channels"), names, f"two channels are called {name}")
    hours = config.alerts.quiet_hours
    if hours is not None and hours[0] == hours[1]:
        yield _problem(
            ("alerts", "quiet_hours"), list(hours), "the two times must differ; null switches it off"
        )
    beat = config.alerts.heartbeat_url
    if config.alerts.enabled and beat is not None and (fault := address_fault(beat.get_secret_value())):
        yield Problem(("alerts", "heartbeat_url"), fault, HIDDEN)
    yield from _check_telegram(config)


def _check_telegram(config: Config) -> Iterator[Problem]:
    path, telegram = ("alerts", "telegram"), config.alerts.telegram
    if not telegram.enabled:
        return
    if not config.alerts.enabled:
        yield _problem((*path, "enabled"), True, "needs alerts.enabled: true", ("alerts", "enabled"))
    if telegram.token is None:
        text = 'give "${NAME}", with NAME=... in .env: the bot\'s token'
        yield _problem((*path, "token"), None, text)
    if not telegram.chat_ids:
        text = "name at least one chat; whalebot logs the id of a chat that it does not know"
        yield _problem((*path, "chat_ids"), [], text)


def lease_margin_ms(config: Config) -> int:
    """Return how long before a lease ends the last order may leave.

    The venue takes a request for the receive window after it was made; the rest is for clocks that differ.
    """
    return config.exchange.recv_window_ms + 2000


def _check_lease(config: Config) -> Iterator[Problem]:
    lease = config.lease
    least_s = 2 * lease.renew_s + -(-lease_margin_ms(config) // 1000)
    if lease.kind != "off" and lease.duration_s < least_s:
        text = (
            f"must be {least_s} at least: twice renew_s = {lease.renew_s}, the receive window of an order "
            "(exchange.recv_window_ms), and 2 s"
        )
        yield _problem(("lease", "duration_s"), lease.duration_s, text, ("lease", "renew_s"))
