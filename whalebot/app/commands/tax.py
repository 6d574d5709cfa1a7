"""`tax`: a year's results for a tax return, from the trade history and a file of spot transactions."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from whalebot.app.exits import CLEAN
from whalebot.app.private_file import private_text, write_private
from whalebot.domain.errors import ConfigError

if TYPE_CHECKING:
    from whalebot.domain.trade import ClosedTrade
    from whalebot.research.tax.rates import Rates
    from whalebot.research.tax.spot import SpotBooks
    from whalebot.research.tax.statement import Statement

_METHODS: Final = ("fifo", "lifo", "hifo", "average")


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "tax",
        help="count a year's results for a tax return",
        description="Perpetuals: realised profit, fees and funding by trade and by day, from "
        "trade_history.json. Spot: lots and disposals, from a file of transactions. This is arithmetic on "
        "records, not legal or tax advice.",
    )
    parser.add_argument("--year", type=_year, required=True, metavar="YEAR", help="the year, in --tz")
    parser.add_argument(
        "--tz", type=_zone, metavar="ZONE", help="where days and years begin (default: timezone)"
    )
    parser.add_argument(
        "--currency", type=_currency, default="USDT", metavar="CODE", help="report in (default USDT)"
    )
    parser.add_argument("--method", choices=_METHODS, default="fifo", help="which lots go first")
    parser.add_argument("--rates", type=Path, metavar="FILE", help="CSV: date,currency,CODE; see docs/tax.md")
    parser.add_argument(
        "--previous-rate",
        action="store_true",
        help="a day without a rate takes the last one before it, at most seven days old",
    )
    parser.add_argument("--mode", default="live", metavar="MODE", help="trades of this mode (default live)")
    parser.add_argument(
        "--transactions", type=Path, metavar="FILE", help="CSV of spot transactions; see docs/tax.md"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the tables and the summary there")


def run(args: argparse.Namespace) -> int:
    """Count, print the summary, write the files. Raises ConfigError."""
    from whalebot.research.tax.lots import Method
    from whalebot.research.tax.perpetuals import trade_lines
    from whalebot.research.tax.rates import Calendar
    from whalebot.research.tax.statement import Statement, summary

    calendar = Calendar(args.tz or _own_zone(args))
    rates = _rates(args, calendar)
    trades = _trades(args)
    statement = Statement(
        year=args.year,
        currency=args.currency,
        method=Method(args.method),
        calendar=calendar,
        perpetuals=None if trades is None else trade_lines(trades, rates, args.year),
        spot=_spot(args, rates),
    )
    text = "\n".join(summary(statement))
    print(text)
    if args.out is not None:
        _write(args, statement, text)
    return CLEAN


def _rates(args: argparse.Namespace, calendar: Any) -> Rates:
    from whalebot.research.tax.rates import Rates, read_rates

    if args.rates is None:
        return Rates(args.currency, calendar)
    return read_rates(args.rates, args.currency, calendar, goes_back=args.previous_rate)


def _trades(args: argparse.Namespace) -> list[ClosedTrade] | None:
    """The trades of the mode; None where there is no history and spot transactions are what is asked for."""
    from whalebot.adapters.storage.history import read_history

    history: Path = args.paths.history
    try:
        trades, damage = read_history(history)
    except FileNotFoundError as error:
        if args.transactions is not None:
            return None
        raise ConfigError(
            f"{history}: there is no trade history; name the daemon's folder with --dir, "
            f"or give --transactions"
        ) from error
    if damage:
        raise ConfigError(f"{history}: is damaged: {damage}; mend it first, a statement must be complete")
    found = [trade for trade in trades if trade.mode == args.mode]
    if not found and args.transactions is None:
        modes = ", ".join(sorted({trade.mode for trade in trades})) or "none"
        raise ConfigError(f"--mode {args.mode}: {history} has no trade of it; it has {modes}")
    return found


def _spot(args: argparse.Namespace, rates: Rates) -> SpotBooks | None:
    from whalebot.research.tax.lots import Method
    from whalebot.research.tax.spot import keep_books
    from whalebot.research.tax.statement import year_end_ms
    from whalebot.research.tax.transactions import read_transactions

    if args.transactions is None:
        return None
    until_ms = year_end_ms(args.year, rates.calendar)
    return keep_books(read_transactions(args.transactions), rates, Method(args.method), until_ms)


def _write(args: argparse.Namespace, statement: Statement, text: str) -> None:
    from whalebot.research.export.writing import write_csv
    from whalebot.research.tax.statement import tables

    args.out.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, table in tables(statement).items():
        path = args.out / f"tax-{args.year}-{name}.csv"
        with private_text(path) as file:
            count = write_csv(table, file)
        print(f"written: {path}, {count} rows", file=sys.stderr)
    write_private(args.out / f"tax-{args.year}-summary.txt", text + "\n")


def _own_zone(args: argparse.Namespace) -> ZoneInfo:
    from whalebot.app.setup import read_setup

    return ZoneInfo(read_setup(args).config.timezone)


def _year(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 2009 <= int(text) <= 2200:
        raise argparse.ArgumentTypeError(f"{text!r}: write a year, as 2025")
    return int(text)


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        raise argparse.ArgumentTypeError(f"{text!r}: write a zone, as Europe/Berlin or UTC") from None


def _currency(text: str) -> str:
    if not text.isascii() or not text.isalnum() or text != text.upper():
        raise argparse.ArgumentTypeError(f"{text!r}: write a code, as EUR or USDT")
    return text
