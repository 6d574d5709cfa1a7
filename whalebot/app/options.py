"""Values of the command line: how they are written and what they become."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST_MS: Final = 36_500 * _UNIT_MS["d"]
_FASTEST: Final = 1_000_000.0


def duration_ms(text: str) -> int:
    """Turn 90s, 5m, 2h or 1d into ms. Raises ArgumentTypeError naming the forms."""
    found = _DURATION.fullmatch(text.strip())
    # A number of any length: more than the longest is all the same.
    ms = round(min(float(found[1]) * _UNIT_MS[found[2]], 2.0 * _LONGEST_MS)) if found else 0
    if ms <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 5m, 2h or 1d")
    if ms > _LONGEST_MS:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed are up to 36500d")
    return ms


def speed(text: str) -> float | str:
    """Turn a factor or "max" into itself. Raises ArgumentTypeError naming what is allowed."""
    if text == "max":
        return text
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= _FASTEST:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is a number above 0, at most 1000000, or max")
    return value


def seed(text: str) -> int:
    """Turn a whole number from 0 on into itself. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or int(text) > 2**63 - 1:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is a whole number from 0 to 2^63 - 1")
    return int(text)


def count(text: str) -> int:
    """Turn a whole number from 1 on into itself. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is a whole number from 1 on")
    return int(text)


def positive(text: str) -> Decimal:
    """Turn a number above zero into itself, exactly. Raises ArgumentTypeError."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is a number above 0, as 0.01")
    return value


def moment_ms(text: str) -> int:
    """Turn 2026-01-31 or 2026-01-31T08:00 into ms, UTC. Raises ArgumentTypeError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: write 2026-01-31 or 2026-01-31T08:00 (UTC)") from None
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add what every command understands. A command may have declared one of them itself."""
    for names, settings in _COMMON:
        try:
            parser.add_argument(*names, **settings)
        except argparse.ArgumentError:
            continue


_COMMON: Final[tuple[tuple[tuple[str, ...], dict[str, Any]], ...]] = (
    (
        ("--dir",),
        {
            "metavar": "DIR",
            "default": argparse.SUPPRESS,
            "help": "folder of config.json, .env, logs/, state/ and trade_history.json (default: here)",
        },
    ),
    (
        ("--config",),
        {"metavar": "FILE", "default": argparse.SUPPRESS, "help": "another configuration file"},
    ),
    (
        ("-q", "--quiet"),
        {"action": "store_true", "default": argparse.SUPPRESS, "help": "show warnings and errors only"},
    ),
    (
        ("-v", "--verbose"),
        {"action": "count", "default": argparse.SUPPRESS, "help": "show more, tracebacks too"},
    ),
)


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `run`; they stand above the configuration file."""
    from_modes = ("demo", "replay", "paper", "testnet", "bybit-demo", "live")
    parser.add_argument("--mode", choices=from_modes, help="where data comes from and orders go")
    parser.add_argument("--live", action="store_true", help="confirm that mode live trades real money")
    parser.add_argument(
        "--data",
        nargs="+",
        action="extend",
        metavar="FILE",
        help="OHLCV files to play (demo, replay), as FILE or SYMBOL=FILE; their symbols are traded",
    )
    parser.add_argument("--speed", type=speed, metavar="N|max", help="market seconds in one real second")
    parser.add_argument("--seed", type=seed, metavar="N", help="seed of the synthetic market")
    parser.add_argument(
        "--for",
        dest="for_ms",
        type=duration_ms,
        metavar="DURATION",
        help="end after 90s, 5m, 2h, 1d of real time",
    )
    parser.add_argument("--tick", type=positive, metavar="SIZE", help="tick size of files of unknown symbols")
    parser.add_argument("--step", type=positive, metavar="SIZE", help="quantity step of such files")
    parser.add_argument("--until-end", action="store_true", help="end when the data ends")
    parser.add_argument("--record", action="store_true", help="write every event and decision to recordings/")
    parser.add_argument("--view", action="store_true", help="show a live picture instead of lines")
    parser.add_argument("--web", action="store_true", help="serve the dashboard (extra: web)")


def run_overrides(args: argparse.Namespace) -> Mapping[tuple[str | int, ...], Any]:
    """Return what the options of `run` put above the file, by place in the file.

    Files are looked for from the working directory. Raises ConfigError for one that names no symbol.
    """
    from whalebot.app.data_files import parse_data_files

    overrides: dict[tuple[str | int, ...], Any] = {}
    for place, value in (
        (("mode",), args.mode),
        (("demo", "speed"), args.speed),
        (("demo", "seed"), args.seed),
    ):
        if value is not None:
            overrides[place] = value
    if args.record:
        overrides[("record",)] = True
    if args.web:
        overrides["web", "enabled"] = True
    if args.data:
        files = parse_data_files(args.data, Path.cwd(), "--data")
        overrides["demo", "data"] = [str(file) for file in files]
        overrides[("symbols",)] = [file.symbol for file in files]
    return overrides
