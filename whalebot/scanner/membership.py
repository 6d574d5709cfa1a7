"""Which perpetuals a scan of all of them covers: enough turnover, old enough, not excluded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from whalebot.adapters.bybit.rest_survey import ListedSymbol
from whalebot.decisions.scan.settings import longest_warm_up
from whalebot.domain.intervals import interval_ms
from whalebot.scanner.options import ScannerOptions


def members(
    universe: Mapping[str, ListedSymbol],
    turnover: Mapping[str, float],
    options: ScannerOptions,
    now_ms: int,
    exclude: Iterable[str] = (),
) -> tuple[str, ...]:
    """Return the symbols to scan, by falling turnover (USDT in 24 h). `now_ms`: ms UTC."""
    unwanted = {name.upper() for name in exclude} | {f"{name.upper()}USDT" for name in exclude}
    age_ms = longest_warm_up(options.scan) * interval_ms(options.scan.interval)
    wanted = [
        listed.symbol
        for listed in universe.values()
        if listed.symbol not in unwanted
        and turnover.get(listed.symbol, 0.0) >= options.min_turnover24h
        and now_ms - listed.launch_ms >= age_ms
    ]
    return tuple(sorted(wanted, key=lambda name: -turnover[name]))
