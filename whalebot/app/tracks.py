"""Recorded files as tracks that an exchange can play: bars or frames, order rules from the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from whalebot.adapters.exchange.market.events import InstrumentListed
from whalebot.adapters.exchange.market.playback import PlaybackTrack
from whalebot.adapters.exchange.market.recording import FrameTrack
from whalebot.adapters.exchange.server.options import ExchangeOptions
from whalebot.adapters.feeds.frames import check_ticks, is_frame_file, read_frames, symbols_of
from whalebot.adapters.feeds.funding import read_funding
from whalebot.adapters.feeds.ohlcv import read_ohlcv
from whalebot.adapters.feeds.rules import instrument_of, later_instruments, rules_at
from whalebot.app.data_files import parse_data_files
from whalebot.domain.errors import ConfigError


def read_tracks(options: ExchangeOptions) -> tuple[PlaybackTrack, ...] | tuple[FrameTrack, ...]:
    """Return the tracks that the options of an exchange name. Raises ConfigError."""
    frames = [text for text in options.data if is_frame_file(text)]
    if not frames:
        return _with_funding(
            [make_track(text, options.tick_size, options.qty_step) for text in options.data], options.funding
        )
    if options.funding:
        raise ConfigError("--funding: recorded frames are played without; leave it out")
    if len(frames) < len(options.data):
        bars = next(text for text in options.data if text not in frames)
        raise ConfigError(f"--data: {bars} holds bars and {frames[0]} frames; play one kind at a time")
    return _frame_tracks(frames, options.tick_size, options.qty_step)


def make_track(text: str, tick_size: Decimal | None = None, qty_step: Decimal | None = None) -> PlaybackTrack:
    """Return the track of FILE or SYMBOL=FILE. Raises ConfigError for a bad file or an unknown instrument."""
    bars = read_ohlcv(text)
    instrument = instrument_of(bars, tick=tick_size, step=qty_step)
    changes = later_instruments(bars, tick_size, qty_step)
    relisted = tuple(InstrumentListed(changed, at_ms) for at_ms, changed in changes)
    return PlaybackTrack(instrument, bars, relisted=relisted)


def _with_funding(tracks: Sequence[PlaybackTrack], texts: Sequence[str]) -> tuple[PlaybackTrack, ...]:
    rates = {f.symbol: read_funding(f.path) for f in parse_data_files(texts, Path.cwd(), "--funding")}
    played = {track.instrument.symbol for track in tracks}
    if strange := sorted(rates.keys() - played):
        raise ConfigError(f"--funding: {', '.join(strange)} is not played; name its bars with --data")
    return tuple(replace(track, funding=rates.get(track.instrument.symbol, ())) for track in tracks)


def _frame_tracks(
    texts: list[str], tick_size: Decimal | None, qty_step: Decimal | None
) -> tuple[FrameTrack, ...]:
    """Join the frames of all files by symbol: order book and trades may have been recorded apart."""
    found: dict[str, list[dict[str, Any]]] = {}
    for text in texts:
        frames, only = _read(text)
        for symbol in symbols_of(frames) if only is None else (only,):
            found.setdefault(symbol, []).extend(frames)
    if not found:
        raise ConfigError(f"--data {texts[0]}: no order books or trades in it; expected orderbook.N.SYMBOL")
    tracks = []
    for symbol, frames in found.items():
        first_ms = min(int(frame["ts"]) for frame in frames if isinstance(frame.get("ts"), int))
        instrument = rules_at(symbol, first_ms, tick_size, qty_step)
        check_ticks(frames, instrument)
        tracks.append(FrameTrack(instrument, frames))
    return tuple(tracks)


def _read(text: str) -> tuple[list[dict[str, Any]], str | None]:
    symbol, named, name = text.partition("=")
    if named and not Path(text).exists():
        return read_frames(Path(name)), symbol.upper()
    return read_frames(Path(text)), None
