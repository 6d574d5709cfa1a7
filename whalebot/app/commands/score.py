"""`score`: scores recorded history, one row per closed bar, into a table for notebooks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from whalebot.app.exits import CLEAN

_INTERVALS = ("1", "3", "5", "15", "30", "60", "120", "240", "360", "720", "D", "W", "M")


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    text = (
        "Write every indicator, every group's contribution, the volume filter, score and signal of each"
        " closed bar of a file. Weights and periods are those of the configuration."
    )
    parser = subparsers.add_parser("score", help="score recorded history into a table", description=text)
    parser.add_argument("--data", required=True, metavar="FILE", help="OHLCV file, or SYMBOL=FILE")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="FILE", help="table to write: .csv, .csv.gz or .parquet"
    )
    parser.add_argument(
        "--interval", choices=_INTERVALS, help="interval to score (default: the configured one)"
    )


def run(args: argparse.Namespace) -> int:
    """Score one file."""
    from whalebot.adapters.feeds.ohlcv import read_bars
    from whalebot.app.data_files import parse_data_files
    from whalebot.app.score_table import check_ending, frame_of, score_file, write_table
    from whalebot.app.setup import read_setup

    check_ending(args.out)
    [source] = parse_data_files([args.data], Path.cwd(), "--data")
    config = read_setup(args).config
    file = read_bars(source.symbol, source.path)
    interval = args.interval or config.interval
    table = score_file(file, interval, config)
    write_table(frame_of(table), args.out)
    if not args.quiet:
        _tell(args.out, file, table)
    return CLEAN


def _tell(out: Path, file: Any, table: Any) -> None:
    reached = int((abs(table.score) >= table.threshold).sum())
    print(f"{out}: {len(table)} bars of {file.symbol}, interval {table.interval}")
    print(f"|score| reaches the threshold on {reached} bars; entries may begin at bar {_first(table)}")
    for gap in file.gaps:
        print(f"note: {gap.bars} bars are missing in the file from {_time(gap.start_ms)}")
    for notice in table.notices:
        print(f"note: {notice}")
    if table.without_input:
        print(f"note: a file of bars has no input for these, they count 0: {', '.join(table.without_input)}")


def _first(table: Any) -> str:
    rows = table.may_enter.nonzero()[0]
    return str(int(rows[0])) if len(rows) else "none: too few bars"


def _time(ms: int) -> str:
    from whalebot.domain.intervals import iso_utc

    return iso_utc(ms)
