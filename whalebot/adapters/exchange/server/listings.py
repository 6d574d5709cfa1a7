"""The instruments that the exchange can list for a generated market, from the table shipped beside this file.

Ticks, steps and limits are those of the venue's linear perpetuals; start prices and turnovers are round
figures of the right size and nothing more.
"""

from __future__ import annotations

import csv
import difflib
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Final

from whalebot.adapters.exchange.market.views import SymbolSpec
from whalebot.domain.errors import ConfigError
from whalebot.domain.instrument import Instrument

MIN_NOTIONAL: Final = Decimal(5)


@cache
def shipped_specs() -> tuple[SymbolSpec, ...]:
    """Return every shipped symbol, the most traded first."""
    table = files(__package__).joinpath("listings.csv").read_text(encoding="utf-8")
    return tuple(_spec(row) for row in csv.DictReader(table.splitlines()))


def choose_specs(text: str) -> tuple[SymbolSpec, ...]:
    """Return the symbols of a comma-separated list, or the first N for a number N.

    Raises ConfigError for a number out of range, a name that is not shipped, or one that is named twice.
    """
    shipped = {spec.instrument.symbol: spec for spec in shipped_specs()}
    if text.strip().isdigit():
        count = int(text)
        if not 1 <= count <= len(shipped):
            raise ConfigError(f"--symbols {text}: expected 1 to {len(shipped)}, or names")
        return tuple(shipped.values())[:count]
    names = [name.strip().upper() for name in text.split(",") if name.strip()]
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"--symbols {text!r}: expected names such as BTCUSDT,ETHUSDT, none twice")
    for name in names:
        if name not in shipped:
            near = difflib.get_close_matches(name, shipped, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; shipped are {', '.join(list(shipped)[:8])}…"
            raise ConfigError(f"--symbols: {name} is not among the {len(shipped)} shipped instruments{hint}")
    return tuple(shipped[name] for name in names)


def _spec(row: dict[str, str]) -> SymbolSpec:
    step = Decimal(row["qty_step"])
    instrument = Instrument(
        symbol=row["symbol"],
        tick_size=Decimal(row["tick_size"]),
        qty_step=step,
        min_qty=step,
        max_qty=Decimal(row["max_qty"]),
        max_market_qty=Decimal(row["max_market_qty"]),
        min_notional=MIN_NOTIONAL,
        max_leverage=Decimal(row["max_leverage"]),
    )
    return SymbolSpec(instrument, Decimal(row["start_price"]), Decimal(row["daily_turnover"]))
