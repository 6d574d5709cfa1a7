"""`scan --replay`: the scan over recorded frames; the same outputs, no venue."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from whalebot import __version__
from whalebot.app.exits import CLEAN
from whalebot.app.scanning.arguments import ScanArguments
from whalebot.app.scanning.kept import KeptSignals
from whalebot.app.scanning.output import print_replayed
from whalebot.app.scanning.query import make_query
from whalebot.app.scanning.run import folder_of, places_of
from whalebot.decisions.scan.announcing import EMITTED, Announcer
from whalebot.decisions.scan.record import record_of
from whalebot.domain.errors import ConfigError
from whalebot.domain.listings import listings
from whalebot.runtime.clock import ManualClock
from whalebot.scanner.desk import ScanDesk, make_frames
from whalebot.scanner.options import ScannerOptions
from whalebot.scanner.outputs import OutputWriter
from whalebot.scanner.replay import Recording, play, read_recording
from whalebot.scanner.rule_guard import RuleGuard
from whalebot.scanner.universe import split_names


def run_replay(args: ScanArguments, path: Path, options: ScannerOptions) -> int:
    """Play a recording from an empty memory, write what is announced, print the table at its end."""
    query = make_query(args, options)
    recording = read_recording(path)
    symbols = _symbols(args, recording)
    interval = options.scan.interval
    if interval not in recording.intervals:
        raise ConfigError(
            f"--replay {path}: no bars of interval {interval} in it; "
            f"there are {', '.join(recording.intervals)}: choose with --interval"
        )
    frames = list(make_frames(options.scan, (interval,), RuleGuard(ManualClock())))
    # Event time decides everything here, so a price never grows old by the clock of the machine.
    desk = ScanDesk(
        frames,
        Announcer(options.scan),
        options.analysis_interval * 1000,
        options.cache_ttl_seconds,
        options.orderbook_limit,
        lambda: 0.0,
    )
    ticks = _ticks(symbols)
    for symbol in symbols:
        desk.add(symbol, ticks[symbol])
    places = places_of(args, options)
    folder_of(args, options.log_directory).mkdir(mode=0o700, parents=True, exist_ok=True)
    writer = OutputWriter(places, args.masker.mask, KeptSignals(places.state.parent, "replay"))
    try:
        for _ in play(recording, desk):
            announcements, desk.outbox.announcements = desk.outbox.announcements, []
            for announcement in announcements:
                record = record_of(announcement.event, announcement.facts, __version__)
                if announcement.event.kind in EMITTED:
                    writer.announce(record, desk.announcer.to_dict())
                    if args.format == "jsonl":
                        print_replayed(args, record)
                else:
                    writer.keep(record)
            desk.outbox.snapshots.clear()
    finally:
        writer.stop(30.0)
    if args.format != "jsonl":
        from whalebot.app.scanning.output import print_table

        print_table(args, desk, query, sys.stdout.isatty() and os.environ.get("TERM") != "dumb")
    return CLEAN


def _symbols(args: ScanArguments, recording: Recording) -> tuple[str, ...]:
    asked = split_names([*args.words, args.symbols or ""])
    wanted = {name.upper() for name in asked}
    found = tuple(name for name in recording.symbols if not wanted or name in wanted)
    if not found:
        raise ConfigError(
            f"--replay: none of these symbols is in it; there are {', '.join(recording.symbols)}"
        )
    return found


def _ticks(symbols: tuple[str, ...]) -> Mapping[str, Decimal]:
    known = {row.instrument.symbol: row.instrument.tick_size for row in listings()}
    return {symbol: known.get(symbol, Decimal("0.0001")) for symbol in symbols}
