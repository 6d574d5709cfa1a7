"""`data`: market history on disk, to be fetched, listed, verified, converted."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whalebot.app.exits import CLEAN, DIFFERENCE
from whalebot.app.store_options import add_store_options
from whalebot.domain.errors import ConfigError, TransportError

if TYPE_CHECKING:
    from whalebot.research.store.layout import Format, Series
    from whalebot.research.store.tables import Row

_TEXT = "fetch, list, verify and convert market history"
_REMEDY = "check this machine's network and proxy; the same command then fetches what is still missing"


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    add_store_options(subparsers.add_parser("data", help=_TEXT, description=_TEXT))


def run(args: argparse.Namespace) -> int:
    """Run one of the four. Raises ConfigError and what the venue raises."""
    root = args.store or args.paths.data
    if args.action == "list":
        return _list(root)
    if args.action == "verify":
        return _verify_files(args) if args.files else _verify_store(args, root)
    form = _format(args.format)
    if args.action == "convert":
        return _convert(args, root, form)
    try:
        return _download(args, root, form)
    except TransportError as error:
        raise TransportError(f"{error}\n{_REMEDY}") from error


def _format(name: str) -> Format:
    from whalebot.research.store.layout import Format
    from whalebot.research.store.tables import need_pyarrow

    if name == "csv":
        return Format.CSV
    need_pyarrow()
    return Format.PARQUET


def _list(root: Path) -> int:
    from whalebot.app.store_text import line_of
    from whalebot.research.store.layout import series_in

    found = list(series_in(root))
    for series in found:
        print(line_of(series, root))
    if not found:
        print(f"{root}: nothing is kept; fetch something with whalebot data download")
    return CLEAN


def _download(args: argparse.Namespace, root: Path, form: Format) -> int:
    from whalebot.app.store_text import shown_progress
    from whalebot.app.venue_history import open_history
    from whalebot.domain.intervals import iso_utc
    from whalebot.research.store.download import download, missing_beginning
    from whalebot.research.store.venue import VenueSource

    if args.to_ms is not None and args.to_ms <= args.from_ms:
        raise ConfigError("--to must lie after --from")
    with open_history(args.endpoint) as history, shown_progress(args.quiet) as hear:
        source = VenueSource(history)
        for series in _wanted(args):
            end_ms = source.end_ms(series)
            to_ms = end_ms if args.to_ms is None else min(args.to_ms, end_ms)
            if to_ms <= args.from_ms:
                raise ConfigError(
                    f"{series.symbol} {series.name}: the venue has nothing from {iso_utc(args.from_ms)} on"
                )
            new = download(series, args.from_ms, to_ms, source, root, form, hear)
            if not args.quiet:
                print(f"{series.symbol} {series.name}: {new} new rows, up to {iso_utc(to_ms)}")
            if (missing := missing_beginning(series, args.from_ms, to_ms, root)) is not None:
                print(f"{series.symbol} {series.name}: {missing}", file=sys.stderr)
    return CLEAN


def _wanted(args: argparse.Namespace) -> list[Series]:
    from whalebot.research.store.layout import Kind, Series

    steps = {
        Kind.BARS: args.interval,
        Kind.MARK: args.interval,
        Kind.FUNDING: "",
        Kind.OPEN_INTEREST: args.period,
        Kind.RATIO: args.period,
    }
    kinds = [Kind(name) for name in dict.fromkeys(args.kinds)]
    return [Series(symbol, kind, steps[kind]) for symbol in args.symbols for kind in kinds]


def _verify_store(args: argparse.Namespace, root: Path) -> int:
    from whalebot.research.store.download import stored_rows
    from whalebot.research.store.layout import series_in

    wanted = [s for s in series_in(root) if args.symbols is None or s.symbol in args.symbols]
    if not wanted:
        raise ConfigError(f"{root}: nothing to verify; fetch something with whalebot data download")
    bad = 0
    for series in wanted:
        bad += _tell(series, stored_rows(series, root, None, None), series.folder(root), args.quiet)
    return DIFFERENCE if bad else CLEAN


def _verify_files(args: argparse.Namespace) -> int:
    from whalebot.research.store.files import read_given
    from whalebot.research.store.layout import Series

    bad = 0
    for path in args.files:
        given = read_given(path, args.interval or "1")
        bad += _tell(Series("", given.kind, given.step), given.rows, path, args.quiet)
    return DIFFERENCE if bad else CLEAN


def _tell(series: Series, rows: list[Row], place: Path, quiet: bool) -> int:
    from whalebot.research.store.verify import summary, verify_rows

    findings = verify_rows(series, rows, place)
    for line in summary(findings):
        print(f"{place}: {line}", file=sys.stderr)
    if not quiet:
        print(f"{place}: {len(rows)} rows, {len(findings) or 'no'} findings")
    return len(findings)


def _convert(args: argparse.Namespace, root: Path, form: Format) -> int:
    from whalebot.adapters.feeds.ohlcv import split_name
    from whalebot.research.store.files import read_given
    from whalebot.research.store.keeping import keep
    from whalebot.research.store.layout import Series

    for text in args.files:
        symbol, path = split_name(text)
        given = read_given(path, args.interval)
        series = Series(given.symbol or symbol, given.kind, given.step)
        new = keep(series, given.rows, root, form, path)
        if not args.quiet:
            print(f"{path}: {len(given.rows)} rows of {series.symbol} {series.name}, {new} new")
    return CLEAN
