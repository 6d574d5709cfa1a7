"""`report`: what the trades brought, for people, machines, browsers and spreadsheets."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from whalebot.app.exits import CLEAN
from whalebot.app.options import moment_ms, positive
from whalebot.app.report_files import Part, write_report
from whalebot.domain.errors import ConfigError

if TYPE_CHECKING:
    from whalebot.domain.trade import ClosedTrade

_TEXT = "show what the trades brought"
_MOST: Final = Decimal(10) ** 30
"""No price, size or amount comes near it, and nothing beyond it can be counted with."""


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "report",
        help=_TEXT,
        description=f"{_TEXT}: totals, breakdowns, risk. Modes stand apart; demo is never added to live.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--mode", metavar="MODE", help="report this mode only (default: every mode found)")
    parser.add_argument(
        "--from", dest="since", type=moment_ms, metavar="TIME", help="trades that ended from here on"
    )
    parser.add_argument(
        "--to", dest="until", type=moment_ms, metavar="TIME", help="trades that ended before, UTC"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with charts and every reason")
    parser.add_argument("--png", type=Path, metavar="FILE", help="write a picture (extra: research)")
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="write all trades as CSV, or Parquet by the ending .parquet"
    )
    parser.add_argument(
        "--data", nargs="+", metavar="FILE", help="bars as FILE or SYMBOL=FILE: the page shows trades on them"
    )
    parser.add_argument(
        "--start-equity",
        type=positive,
        metavar="USDT",
        help="equity before the first trade (default: trade_management.account_balance)",
    )


def run(args: argparse.Namespace) -> int:
    """Read the history, change nothing, and show it. Raises ConfigError."""
    history = args.paths.history
    trades = _read(history, args.mode)
    start, source = _start_equity(args)
    parts = _parts(trades, start, args.since, args.until)
    if args.json:
        _print_json(parts, history)
    elif not args.quiet:
        _print_text(parts, len(trades), history, source)
    for path in write_report(args, parts, source):
        print(f"written: {path}", file=sys.stderr)
    return CLEAN


def _read(history: Path, mode: str | None) -> Sequence[ClosedTrade]:
    from whalebot.adapters.storage.history import read_history

    try:
        trades, damage = read_history(history)
    except FileNotFoundError as error:
        raise ConfigError(
            f"{history}: there is no trade history; name the daemon's folder with --dir"
        ) from error
    if damage:
        print(
            f"warning: {history} is damaged: {damage}. {len(trades)} trades could be read; the next start of "
            f"the daemon keeps the file aside and goes on with these",
            file=sys.stderr,
        )
    _refuse_impossible(trades, history)
    if mode is None:
        return trades
    modes = sorted({trade.mode for trade in trades})
    if mode not in modes:
        raise ConfigError(f"--mode {mode}: {history} has no trade of it; it has {', '.join(modes) or 'none'}")
    return [trade for trade in trades if trade.mode == mode]


def _refuse_impossible(trades: Sequence[ClosedTrade], history: Path) -> None:
    for trade in trades:
        for name in trade.__slots__:
            amount = getattr(trade, name)
            if isinstance(amount, Decimal) and abs(amount) > _MOST:
                place = f"{history}: trade {trade.trade_id} of mode {trade.mode}"
                raise ConfigError(
                    f"{place}: {name} {amount:.3g} is no amount that can be; put the right one there, or the "
                    f"file back from a copy"
                )


def _start_equity(args: argparse.Namespace) -> tuple[Decimal, str]:
    if args.start_equity is not None:
        return args.start_equity, "from --start-equity"
    from whalebot.app.config.convert import to_decimal
    from whalebot.app.setup import read_setup

    balance = to_decimal(read_setup(args).config.trade_management.account_balance)
    return balance, "from the configuration (or --start-equity)"


def _parts(trades: Sequence[ClosedTrade], start: Decimal, since: int | None, until: int | None) -> list[Part]:
    """One part a mode. What was earned before `since` belongs to the equity at the start."""
    from whalebot.decisions.performance.exact import exact_sum
    from whalebot.decisions.performance.summary import summarise

    by_mode: dict[str, list[ClosedTrade]] = {}
    earlier: dict[str, list[Decimal]] = {}
    for trade in trades:
        if since is not None and trade.exit_ms < since:
            earlier.setdefault(trade.mode, []).append(trade.pnl)
        elif until is None or trade.exit_ms < until:
            by_mode.setdefault(trade.mode, []).append(trade)
    found = []
    for mode, own in sorted(by_mode.items()):
        equity = start + exact_sum(earlier.get(mode, ()))
        if equity <= 0:
            raise ConfigError(
                f"mode {mode}: at --from nothing is left of the starting equity {start}; give --start-equity"
            )
        found.append(Part(summarise(mode, own, equity), own))
    return found


def _print_json(parts: Sequence[Part], history: Path) -> None:
    import json

    from whalebot.research.report.as_json import report_json

    modes = {part.summary.mode: report_json(part.summary) for part in parts}
    print(json.dumps({"history": str(history), "modes": modes}, indent=2, ensure_ascii=False))


def _print_text(parts: Sequence[Part], count: int, history: Path, source: str) -> None:
    from rich.console import Console

    from whalebot.research.report.as_text import print_report

    console = Console(highlight=False)
    console.print(f"Trades of {history}", style="dim", markup=False, soft_wrap=True)
    if not parts:
        console.print("No trade was closed in this period." if count else "No trade was closed yet.")
    for part in parts:
        print_report(part.summary, console, equity_source=source)
