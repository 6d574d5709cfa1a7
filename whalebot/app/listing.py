"""Which of the configured symbols the venue lists."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from whalebot.domain.errors import ConfigError
from whalebot.domain.instrument import Instrument
from whalebot.ports import HistorySource

_log = logging.getLogger("whalebot.venue")
_REMEDY = "correct symbol or symbols in config.json"


def find_listed(market: HistorySource, symbols: Sequence[str]) -> Sequence[Instrument]:
    """Return the order rules of the listed ones and tell of the others; they are not traded.

    Raises ConfigError where none is listed, and what a read raises.
    """
    found = market.instruments(symbols)
    missing = [symbol for symbol in symbols if symbol not in {one.symbol for one in found}]
    if not found:
        raise ConfigError(f"{', '.join(missing)}: not listed at the venue; {_REMEDY}")
    for symbol in missing:
        _log.error("%s is not listed at the venue and is not traded; %s", symbol, _REMEDY)
    return found
