"""`replay`: a recording through a fresh engine, which must decide the same."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whalebot.app.exits import CLEAN, DIFFERENCE
from whalebot.domain.errors import ConfigError

if TYPE_CHECKING:
    from whalebot.adapters.recording.codec import EventRecord
    from whalebot.adapters.recording.reader import Journal
    from whalebot.engine.settings import EngineSettings
    from whalebot.research.replaying import Replay

_TEXT = "feed a recording to a fresh engine and compare every decision"


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "replay",
        help=_TEXT,
        description=f"{_TEXT}. Exit code 1 at the first difference, which is told in words. Mode replay is "
        "another thing: it trades a file of bars (whalebot run --mode replay --data FILE). With --config "
        "FILE the settings of that file decide instead: the first order, stop or trade that differs is told.",
    )
    parser.add_argument(
        "journal",
        metavar="JOURNAL",
        nargs="?",
        type=Path,
        help="folder of a recording, or a file in it (default: the newest below --dir)",
    )
    parser.add_argument("--until", type=_number, metavar="N", help="stop after event N (they count from 0)")


def run(args: argparse.Namespace) -> int:
    """Replay; return 0 where everything agreed, 1 where something differed. Raises ConfigError."""
    from whalebot.adapters.recording.reader import Journal, newest_recording
    from whalebot.research.replaying import replay, replay_with

    journal = Journal(args.journal or newest_recording(args.paths.recordings))
    if not args.quiet:
        print(_who(journal))
    for line in _other_versions(journal):
        print(line, file=sys.stderr)
    if args.config is not None:
        found = replay_with(journal, _other_settings(args), args.until)
        _say(found, args.quiet, f"decisions of {args.paths.config}, the same as recorded")
    else:
        found = replay(journal, args.until, _tell if args.verbose else None)
        _say(found, args.quiet, "effects: all the same")
    return DIFFERENCE if found.parting is not None or found.damage else CLEAN


def _other_settings(args: argparse.Namespace) -> EngineSettings:
    from whalebot.app.config.environment import read_environment
    from whalebot.app.config.loading import load
    from whalebot.app.engine_setup import engine_settings
    from whalebot.engine.settings import FeedSettings

    loaded = load(args.paths.config, read_environment(args.paths.env))
    args.masker.add(*loaded.secrets)
    if not loaded.found:
        raise ConfigError(f"{args.paths.config}: there is no such file; --config names one to ask about")
    return engine_settings(loaded.config, FeedSettings())


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is a whole number from 0 on")
    return int(text)


def _who(journal: Journal) -> str:
    from whalebot.domain.intervals import iso_utc

    header = journal.header
    whalebot = header.versions.get("whalebot", "unknown")
    return f"{journal.folder}: mode {header.mode}, {iso_utc(header.started_ms)}, whalebot {whalebot}"


def _other_versions(journal: Journal) -> list[str]:
    from whalebot.app.recording import numbers_made_by

    now = numbers_made_by()
    return [
        f"recorded with {name} {version}, replayed with {now.get(name, 'none')}: numbers may differ"
        for name, version in journal.header.versions.items()
        if now.get(name) != version
    ]


def _tell(record: EventRecord) -> None:
    names = [name for name, _ in record.effects if name != "PublishView"]
    if names:
        print(f"{record.number:>8} {record.name}: {', '.join(names)}")


def _say(found: Replay, quiet: bool, same: str) -> None:
    from whalebot.domain.intervals import iso_utc

    if found.torn:
        print(f"the recording ends torn, as a kill leaves it ({found.torn}); all before was used")
    if found.damage:
        print(f"the recording is damaged ({found.damage}); only what lies before was used", file=sys.stderr)
    if found.parting is not None:
        at = found.parting
        print(f"parted at event {at.number} ({at.event}, {iso_utc(at.recv_ms)}): {at.words}", file=sys.stderr)
    elif not quiet:
        print(f"{found.events} events and {found.effects} {same}")
