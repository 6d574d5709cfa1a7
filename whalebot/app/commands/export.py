"""`export`: what was recorded as a table for other programs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from whalebot.app.exits import CLEAN
from whalebot.app.options import moment_ms, positive
from whalebot.app.private_file import private_bytes, private_text
from whalebot.domain.errors import ConfigError

if TYPE_CHECKING:
    from whalebot.adapters.audit.record import AuditRecord
    from whalebot.domain.trade import ClosedTrade
    from whalebot.research.export.sources import Choice
    from whalebot.research.export.table import Table

_WHAT: Final = ("trades", "equity", "executions", "audit", "signals")
_FORMATS: Final = ("csv", "json", "parquet")


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    text = "Write trades, the equity curve, fills, the audit trail or the scores of bars as a table."
    parser = subparsers.add_parser("export", help="write what was recorded as a table", description=text)
    parser.add_argument("what", choices=_WHAT, help="which table")
    parser.add_argument("--format", choices=_FORMATS, help="default: by the ending of --out, else csv")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to (default: standard output)")
    parser.add_argument("--from", dest="since", type=moment_ms, metavar="TIME", help="from this time on, UTC")
    parser.add_argument("--to", dest="until", type=moment_ms, metavar="TIME", help="before this time, UTC")
    parser.add_argument("--mode", metavar="MODE", help="of this mode only")
    parser.add_argument("--symbol", metavar="SYMBOL", help="of this symbol only")
    parser.add_argument(
        "--start-equity",
        type=positive,
        metavar="USDT",
        help="equity before the first trade (default: trade_management.account_balance)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the table; nothing recorded is changed. Raises ConfigError."""
    from whalebot.research.export.sources import Choice

    if args.what == "signals" and args.mode is not None:
        raise ConfigError("--mode: the event log does not name the mode of a score; leave it out")
    form = args.format or (args.out.suffix.lower().lstrip(".") if args.out else "csv")
    if form not in _FORMATS:
        raise ConfigError(f"--out {args.out}: end it in .csv, .json or .parquet, or give --format")
    if form == "parquet" and args.out is None:
        raise ConfigError("--format parquet needs --out FILE")
    table = _table(args, Choice(args.since, args.until, args.mode, args.symbol))
    count = _write(table, form, args.out)
    if args.out is not None and not args.quiet:
        print(f"written: {args.out}, {count} rows", file=sys.stderr)
    return CLEAN


def _write(table: Table, form: str, out: Path | None) -> int:
    from whalebot.research.export.writing import write_csv, write_json, write_parquet

    if form == "parquet" and out is not None:
        with private_bytes(out) as sink:
            return write_parquet(table, sink)
    write = write_csv if form == "csv" else write_json
    if out is None:
        return write(table, sys.stdout)
    with private_text(out) as file:
        return write(table, file)


def _table(args: argparse.Namespace, choice: Choice) -> Table:
    from whalebot.research.export import sources

    match args.what:
        case "trades":
            return sources.trades_table(_trades(args), choice)
        case "equity":
            return sources.equity_table(_trades(args), choice, _start(args))
        case "executions":
            return sources.executions_table(_records(args), choice)
        case "audit":
            return sources.audit_table(_records(args), choice)
    return sources.signals_table(_events(args), choice)


def _trades(args: argparse.Namespace) -> list[ClosedTrade]:
    from whalebot.adapters.storage.history import read_history

    try:
        trades, damage = read_history(args.paths.history)
    except FileNotFoundError as error:
        raise ConfigError(
            f"{args.paths.history}: there is no trade history; name the daemon's folder with --dir"
        ) from error
    if damage:
        print(f"warning: {args.paths.history} is damaged: {damage}", file=sys.stderr)
    return trades


def _records(args: argparse.Namespace) -> Iterator[AuditRecord]:
    from whalebot.adapters.audit.reading import records, trail_files
    from whalebot.adapters.storage.filesystem import FileSystem

    if not trail_files(FileSystem(), args.paths.audit):
        raise ConfigError(f"{args.paths.audit}: there is no audit trail; name the daemon's folder with --dir")
    return records(FileSystem(), args.paths.audit)


def _events(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The lines of the event log and of the older ones beside it, oldest first."""
    newest: Path = args.paths.event_log
    older = [path for number in range(99, 0, -1) if (path := Path(f"{newest}.{number}")).exists()]
    if not older and not newest.exists():
        raise ConfigError(f"{newest}: there is no event log; name the daemon's folder with --dir")
    return (event for path in (*older, newest) if path.exists() for event in _lines(path))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                event = json.loads(line)
            except ValueError:
                # Torn by a power cut, or on its way.
                continue
            if isinstance(event, dict) and "ts" in event:
                yield event


def _start(args: argparse.Namespace) -> Decimal:
    from whalebot.app.config.convert import to_decimal
    from whalebot.app.setup import read_setup

    if args.start_equity is not None:
        return Decimal(args.start_equity)
    return to_decimal(read_setup(args).config.trade_management.account_balance)
