"""Which order rules recorded bars are traded under: the shipped table's, or what the owner gives."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from whalebot.adapters.feeds.bar_file import BarFile
from whalebot.domain.errors import ConfigError
from whalebot.domain.instrument import Instrument
from whalebot.domain.intervals import iso_utc
from whalebot.domain.listings import BYBIT, find_listing, valid_until_ms

# Where nothing better is known.
_MIN_NOTIONAL: Final = Decimal(5)
_MAX_LEVERAGE: Final = Decimal(100)
_MAX_STEPS: Final = 10_000_000
# A stray price from another feed is no proof of a finer grid; one in twenty is.
_STRAY_SHARE: Final = 0.05
_SAMPLE: Final = 2000


def instrument_of(
    bars: BarFile, at_ms: int | None = None, tick: Decimal | None = None, step: Decimal | None = None
) -> Instrument:
    """Return the order rules of a file's symbol at `at_ms` (ms UTC; None: its first bar).

    The venue is the one in the file's name, else Bybit. `tick` and `step` stand above the table. Raises
    ConfigError where neither table nor options know, and where prices at that time lie between the ticks.
    """
    at_ms = int(bars.open_ms[0]) if at_ms is None else at_ms
    instrument, until_ms = _rules(bars.symbol, bars.venue or BYBIT, at_ms, tick, step)
    _check_tick(bars, instrument, at_ms, until_ms)
    return instrument


def later_instruments(
    bars: BarFile, tick: Decimal | None = None, step: Decimal | None = None
) -> tuple[tuple[int, Instrument], ...]:
    """Return what the rules of a file's symbol change to inside the file, each with its time (ms UTC).

    Nothing where `tick` or `step` stand above the table. Raises ConfigError as `instrument_of` does.
    """
    if tick is not None or step is not None:
        return ()
    found: list[tuple[int, Instrument]] = []
    at_ms, last_ms = int(bars.open_ms[0]), int(bars.open_ms[-1])
    while True:
        listing = find_listing(bars.symbol, bars.venue or BYBIT, at_ms)
        following_ms = valid_until_ms(listing)
        if following_ms is None or following_ms > last_ms:
            return tuple(found)
        at_ms = following_ms
        found.append((at_ms, instrument_of(bars, at_ms)))


def rules_at(symbol: str, at_ms: int, tick: Decimal | None = None, step: Decimal | None = None) -> Instrument:
    """Return Bybit's order rules of a symbol at a time; `tick` and `step` stand above the table.

    Raises ConfigError where neither table nor options know.
    """
    return _rules(symbol, BYBIT, at_ms, tick, step)[0]


def _rules(
    symbol: str, venue: str, at_ms: int, tick: Decimal | None, step: Decimal | None
) -> tuple[Instrument, int | None]:
    if tick is not None and step is not None:
        return _plain(symbol, tick, step), None
    listing = find_listing(symbol, venue, at_ms)
    known = listing.instrument
    instrument = replace(
        known,
        tick_size=known.tick_size if tick is None else tick,
        qty_step=known.qty_step if step is None else step,
        min_qty=known.min_qty if step is None else step,
    )
    return instrument, valid_until_ms(listing)


def _plain(symbol: str, tick: Decimal, step: Decimal) -> Instrument:
    return Instrument(
        symbol=symbol,
        tick_size=tick,
        qty_step=step,
        min_qty=step,
        max_qty=step * _MAX_STEPS,
        max_market_qty=step * _MAX_STEPS,
        min_notional=_MIN_NOTIONAL,
        max_leverage=_MAX_LEVERAGE,
    )


def _check_tick(bars: BarFile, instrument: Instrument, at_ms: int, until_ms: int | None) -> None:
    first = int(bars.open_ms.searchsorted(at_ms))
    last = first + _SAMPLE
    if until_ms is not None:
        last = min(last, int(bars.open_ms.searchsorted(until_ms)))
    closes = bars.close[first:last]
    tick = instrument.tick_size.scaleb(bars.price_decimals)
    # A tick finer than the file's decimals has every price on its grid.
    if tick != tick.to_integral_value() or not len(closes):
        return
    stray = closes % int(tick) != 0
    if stray.mean() > _STRAY_SHARE:
        example = bars.price(int(closes[stray][0]))
        raise ConfigError(
            f"{bars.path}: prices such as {example} lie between the ticks of {instrument.tick_size} that "
            f"{instrument.symbol} is known to have at {iso_utc(at_ms)}; give the right one with --tick"
        )
