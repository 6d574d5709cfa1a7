"""The command line of `data`: its options, and what their values become."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from whalebot.app.options import add_common_options, moment_ms

_FIRST_MS: Final = 946_684_800_000  # 2000-01-01
_END_MS: Final = 4_102_444_800_000  # 2100-01-01
INTERVALS: Final = ("1", "3", "5", "15", "30", "60", "120", "240", "360", "720", "D", "W", "M")
PERIODS: Final = ("5min", "15min", "30min", "1h", "4h", "1d")
KINDS: Final = ("bars", "mark", "funding", "open_interest", "long_short_ratio")


def add_store_options(parser: argparse.ArgumentParser) -> None:
    """Add the four actions."""
    actions = parser.add_subparsers(dest="action", metavar="download|list|verify|convert", required=True)
    _download(
        _action(actions, "download", "fetch history from Bybit; what is kept already is not asked again")
    )
    _action(actions, "list", "show what is kept")
    _verify(_action(actions, "verify", "name everything that is wrong; exit code 1 if anything is"))
    _convert(_action(actions, "convert", "take files of bars, funding or archived trades into the folder"))


def symbols(text: str) -> tuple[str, ...]:
    """Turn BTCUSDT,ETHUSDT into names. Raises ArgumentTypeError."""
    found = tuple(dict.fromkeys(part.strip().upper() for part in text.split(",") if part.strip()))
    if not found or not all(name.isascii() and name.isalnum() and 2 <= len(name) <= 30 for name in found):
        raise argparse.ArgumentTypeError(f"{text!r}: write symbols as BTCUSDT,ETHUSDT")
    return found


def moment(text: str) -> int:
    """Turn 2025-01-31 or 2025-01-31T12:00 (UTC) into ms. Raises ArgumentTypeError."""
    at_ms = moment_ms(text)
    if not _FIRST_MS <= at_ms < _END_MS:
        raise argparse.ArgumentTypeError(f"{text!r}: no time between 2000 and 2100")
    return at_ms


def _action(actions: Any, name: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
    parser.add_argument(
        "--store", type=Path, metavar="DIR", help="folder of the history (default: data/ below --dir)"
    )
    add_common_options(parser)
    return parser


def _download(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--symbols", type=symbols, required=True, metavar="A,B", help="as BTCUSDT,ETHUSDT")
    parser.add_argument(
        "--from", dest="from_ms", type=moment, required=True, metavar="DAY", help="first day, UTC"
    )
    parser.add_argument("--to", dest="to_ms", type=moment, metavar="DAY", help="day after the last, UTC")
    parser.add_argument("--interval", choices=INTERVALS, default="5", help="interval of bars (default: 5)")
    parser.add_argument(
        "--kinds",
        nargs="+",
        choices=KINDS,
        default=["bars", "funding"],
        help="what to fetch (default: bars funding)",
    )
    parser.add_argument(
        "--period", choices=PERIODS, default="1h", help="period of open interest and ratio (default: 1h)"
    )
    parser.add_argument(
        "--endpoint", metavar="URL", help="another REST address, as http://127.0.0.1:PORT of a local exchange"
    )
    _format(parser)


def _verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="files to look at instead")
    parser.add_argument("--symbols", type=symbols, metavar="A,B", help="only these symbols")
    parser.add_argument("--interval", choices=INTERVALS, help="interval of the bars made of archived trades")


def _convert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="FILE or SYMBOL=FILE: bars, funding, or trades of public.bybit.com (CSV, CSV.gz, Parquet)",
    )
    parser.add_argument(
        "--interval", choices=INTERVALS, default="1", help="interval of bars made of trades (default: 1)"
    )
    _format(parser)


def _format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        choices=("parquet", "csv"),
        default="parquet",
        help="how months are kept (default: parquet, which needs the extra research)",
    )
