"""Recorded files as tracks that an exchange can play: bars from the file, order rules from the table."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from whalebot.adapters.exchange.market.playback import PlaybackTrack
from whalebot.adapters.exchange.server.options import ExchangeOptions
from whalebot.adapters.feeds.bar_file import BarFile
from whalebot.adapters.feeds.ohlcv import read_ohlcv
from whalebot.domain.instrument import Instrument
from whalebot.domain.listings import BYBIT, find_listing


def read_tracks(options: ExchangeOptions) -> tuple[PlaybackTrack, ...]:
    """Return the tracks that the options of an exchange name. Raises ConfigError."""
    return tuple(make_track(text, options.tick_size, options.qty_step) for text in options.data)


def make_track(text: str, tick_size: Decimal | None = None, qty_step: Decimal | None = None) -> PlaybackTrack:
    """Return the track of FILE or SYMBOL=FILE. Raises ConfigError for a bad file or an unknown instrument."""
    bars = read_ohlcv(text)
    return PlaybackTrack(_instrument(bars, tick_size, qty_step), bars)


def _instrument(bars: BarFile, tick_size: Decimal | None, qty_step: Decimal | None) -> Instrument:
    if tick_size is not None and qty_step is not None:
        return Instrument(
            symbol=bars.symbol,
            tick_size=tick_size,
            qty_step=qty_step,
            min_qty=qty_step,
            max_qty=Decimal(10**9),
            max_market_qty=Decimal(10**9),
            min_notional=Decimal(5),
            max_leverage=Decimal(100),
        )
    found = find_listing(bars.symbol, bars.venue or BYBIT, int(bars.open_ms[0])).instrument
    return replace(
        found,
        tick_size=tick_size if tick_size is not None else found.tick_size,
        qty_step=qty_step if qty_step is not None else found.qty_step,
    )
