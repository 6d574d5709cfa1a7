"""The files of `report`: page, picture, table; each whole or not at all."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.domain.errors import ConfigError

if TYPE_CHECKING:
    from whalebot.decisions.performance.summary import Summary
    from whalebot.domain.trade import ClosedTrade
    from whalebot.research.report.trade_list import Candles


@dataclass(frozen=True, slots=True)
class Part:
    """The trades of one mode and what they come to."""

    summary: Summary
    trades: Sequence[ClosedTrade]


def write_report(args: argparse.Namespace, parts: Sequence[Part], equity_source: str) -> Iterator[Path]:
    """Write what was asked for and yield each file. Raises ConfigError, and OSError naming the file.

    A page of no trades says so; a picture or table of none is not made.
    """
    for path in (args.html, args.png, args.csv):
        if path is not None and not path.parent.is_dir():
            raise ConfigError(f"{path}: there is no folder {path.parent}; make it, or name another")
    files = FileSystem()
    if args.html:
        files.write_replacing(args.html, _page(args, parts, equity_source))
        yield args.html
    if not parts:
        if args.png or args.csv:
            print("no picture or table was written: there are no trades yet", file=sys.stderr)
        return
    if args.png:
        from whalebot.research.report.as_picture import picture

        for part in parts:
            path = _picture_path(args.png, part.summary.mode, alone=len(parts) == 1)
            files.write_replacing(path, picture(part.summary, part.trades, path))
            yield path
    if args.csv:
        from whalebot.research.report.as_table import table_file

        rows = [trade for part in parts for trade in part.trades]
        files.write_replacing(args.csv, table_file(rows, args.csv))
        yield args.csv


def _page(args: argparse.Namespace, parts: Sequence[Part], equity_source: str) -> bytes:
    from whalebot.research.report.as_page import Source, report_page

    table = "" if args.csv is None else os.path.relpath(args.csv, args.html.parent)
    source = Source(args.paths.history.name, equity_source, table, _candles(args, parts))
    return report_page([(part.summary, part.trades) for part in parts], source).encode()


def _candles(args: argparse.Namespace, parts: Sequence[Part]) -> Candles | None:
    if not args.data:
        return None
    from whalebot.adapters.feeds.ohlcv import read_bars
    from whalebot.app.data_files import parse_data_files
    from whalebot.research.report.candles import trade_candles

    found = parse_data_files(args.data, Path.cwd(), "--data")
    bars = {file.symbol: read_bars(file.symbol, file.path) for file in found}
    return trade_candles(bars, [trade for part in parts for trade in part.trades])


def _picture_path(path: Path, mode: str, *, alone: bool) -> Path:
    """One picture a mode: several get the mode in their names."""
    return path if alone else path.with_name(f"{path.stem}-{mode}{path.suffix}")
