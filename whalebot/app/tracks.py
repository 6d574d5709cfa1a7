"""Recorded files as tracks that an exchange can play: bars from the file, order rules from the table."""

from __future__ import annotations

from decimal import Decimal

from whalebot.adapters.exchange.market.playback import PlaybackTrack
from whalebot.adapters.exchange.server.options import ExchangeOptions
from whalebot.adapters.feeds.ohlcv import read_ohlcv
from whalebot.adapters.feeds.rules import instrument_of


def read_tracks(options: ExchangeOptions) -> tuple[PlaybackTrack, ...]:
    """Return the tracks that the options of an exchange name. Raises ConfigError."""
    return tuple(make_track(text, options.tick_size, options.qty_step) for text in options.data)


def make_track(text: str, tick_size: Decimal | None = None, qty_step: Decimal | None = None) -> PlaybackTrack:
    """Return the track of FILE or SYMBOL=FILE. Raises ConfigError for a bad file or an unknown instrument."""
    bars = read_ohlcv(text)
    return PlaybackTrack(instrument_of(bars, tick=tick_size, step=qty_step), bars)
