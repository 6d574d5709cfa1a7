"""The command line of `scan`, and what it puts above the file."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any, Final

from whalebot.app.options import count, moment_ms, positive, seed
from whalebot.app.scanning.arguments import ScanArguments
from whalebot.domain.errors import ConfigError
from whalebot.scanner.history import MODES
from whalebot.scanner.key_kinds import interval as interval_kind
from whalebot.scanner.options import ScannerOptions

TOOLS: Final = ("history", "judge", "backscan", "explain")
"""Words that stand in the place of the first symbol and are commands of their own."""
_GROUPS: Final = ("symbol", "confidence", "weight_set", "interval", "hour", "indicator")
FORMATS: Final = ("live", "table", "json", "jsonl", "csv", "parquet")


def add_scan_options(parser: argparse.ArgumentParser) -> None:
    """Add every option of `scan` and of its tools."""
    add = parser.add_argument
    add("words", nargs="*", metavar="SYMBOL", help=f"symbols to scan; or one of {', '.join(TOOLS)}")
    add("--symbols", metavar="A,B,C", help="symbols to scan")
    add("--all", action="store_true", help="every perpetual with enough turnover (scanner.min_turnover24h)")
    add(
        "--watchlist",
        metavar="NAME|FILE",
        help="a list of scanner.watchlists, or a file with a symbol a line",
    )
    add("--exclude", metavar="A,B", help="symbols to leave out")
    add("--interval", metavar="I", help="bars: 1 3 5 15 30 60 120 240 360 720 D W M, or 15m, 1h, 1d")
    add("--intervals", metavar="I,J", help="several intervals at once; the first is the one announced")
    add(
        "-c",
        "--check-config",
        action="store_true",
        help="name what is wrong, change nothing; 2 if anything is",
    )
    add(
        "--fix-config",
        action="store_true",
        help="correct the table scanner in the file; the old is kept as .bak",
    )
    add("--strict", action="store_true", help="refuse to start where anything had to be corrected")
    add("--once", action="store_true", help="one evaluation of every symbol from REST, print, end")
    add(
        "--sort", default="", metavar="KEY[,KEY]", help="columns to sort by; default: signals first, by score"
    )
    add("--asc", action="store_true", help="sort upwards")
    add("--filter", metavar="EXPR", help='as: score > 0.4 and turnover24h > 5e6 and signal == "Long"')
    add("--preset", metavar="NAME", help="a named filter, sort and columns (liquid, oversold, breakout...)")
    add("--top", type=count, metavar="N", help="show the first N rows")
    add("--format", choices=FORMATS, help="how to show it (default: live on a terminal, else table)")
    add("--out", metavar="DIR", help="folder for JSON, CSV and state, instead of the configured ones")
    add("--book", action="store_true", help="order books for more than fifty symbols too")
    add("--no-notify", action="store_true", help="send no alert")
    add("--refresh", action="store_true", help="fetch the list of symbols anew")
    add("--test-alert", action="store_true", help="send one sample to the configured channels, and end")
    add("--replay", metavar="FILE", help="recorded stream frames (JSON lines) instead of a venue")
    add("--demo", action="store_true", help="scan a local exchange started for this run")
    add("--demo-symbols", type=count, default=20, metavar="N", help="how many symbols the demo has (20)")
    add("--demo-speed", default="60", metavar="N|max", help="market seconds in a real one of the demo (60)")
    add("--seed", type=seed, default=7, metavar="N", help="seed of the demo's market")
    _add_tool_options(parser)


def _add_tool_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("history, judge, backscan, explain").add_argument
    add("--symbol", metavar="A,B", help="signals of these symbols only")
    add("--since", type=moment_ms, metavar="TIME", help="signals from this time (UTC) on")
    add("--from", dest="from_ms", type=moment_ms, metavar="TIME", help="first bar (UTC)")
    add("--to", dest="to_ms", type=moment_ms, metavar="TIME", help="end of the last bar (UTC)")
    add(
        "--data",
        nargs="+",
        action="extend",
        metavar="[SYMBOL=]FILE",
        help="bars from files, not from the venue",
    )
    add("--tick", type=positive, metavar="SIZE", help="tick size of files of unknown symbols")
    add(
        "--type",
        choices=("Long", "Short", "new", "flip", "upgrade", "end", "repeat"),
        help="of this kind only",
    )
    add("--mode", choices=MODES, help="history, judge: events of this origin only")
    add("--min-score", type=float, metavar="X", help="with a score of at least this size")
    add(
        "--by",
        choices=_GROUPS,
        metavar="GROUP",
        help=f"judge: figures for each {', '.join(_GROUPS[:-1])} or {_GROUPS[-1]}",
    )
    add("--net", action="store_true", help="judge: after costs (scanner.judge.cost_bps)")
    add("--suggest-weights", action="store_true", help="judge: propose weights; nothing is changed")


def with_command_line(options: ScannerOptions, args: ScanArguments) -> ScannerOptions:
    """Return the options with what the command line says. Raises ConfigError for a bad value."""
    found = options
    if args.interval is not None:
        found = replace(found, scan=replace(found.scan, interval=_interval(args.interval, "--interval")))
    if args.intervals is not None:
        base = intervals_of(args, found)[0]
        found = replace(found, scan=replace(found.scan, interval=base))
    if args.out is not None:
        folders: dict[str, Any] = {"json_output_dir": args.out, "csv_output_dir": args.out}
        found = replace(found, output=replace(found.output, **folders))
    if args.no_notify:
        found = replace(found, alerts=replace(found.alerts, enabled=False))
    return found


def intervals_of(args: ScanArguments, options: ScannerOptions) -> tuple[str, ...]:
    """Return the intervals to scan, the announced one first."""
    if args.intervals is None:
        return (options.scan.interval,)
    names = [_interval(name.strip(), "--intervals") for name in args.intervals.split(",") if name.strip()]
    if not names:
        raise ConfigError("--intervals: expected intervals, as 15,60,240")
    if args.interval is not None:
        names.insert(0, _interval(args.interval, "--interval"))
    return tuple(dict.fromkeys(names))


def _interval(text: str, option: str) -> str:
    kind = interval_kind()
    taken = kind.check(text)
    if taken is None:
        raise ConfigError(f"{option} {text}: allowed is {kind.allowed}, or a label such as 15m, 1h, 1d")
    return str(taken.value)
