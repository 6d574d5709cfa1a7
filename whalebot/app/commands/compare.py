"""`compare`: what happened, against what the backtest would have done on the same market."""

from __future__ import annotations

import argparse
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from whalebot.app.exits import CLEAN, DIFFERENCE
from whalebot.domain.errors import ConfigError

if TYPE_CHECKING:
    from whalebot.adapters.recording.reader import Journal
    from whalebot.research.comparing.assumptions import Assumptions
    from whalebot.research.comparing.comparison import Comparison

_TEXT: Final = "hold the trades that were made against those of a simulation, trade by trade"
_REMOTE_LATENCY_MS: Final = 50
_RECORDED: Final = "recorded"


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "compare",
        help=_TEXT,
        description=f"{_TEXT}. With a recording its own prices and books are the market; with --data the "
        "trades of trade_history.json are compared with a backtest on those bars. Exit code 1 where anything "
        "differs.",
    )
    parser.add_argument(
        "journal",
        metavar="JOURNAL",
        nargs="?",
        type=Path,
        help="folder of a recording (default: the newest below --dir)",
    )
    parser.add_argument(
        "--data", nargs="+", metavar="FILE", help="bars as FILE or SYMBOL=FILE, where nothing was recorded"
    )
    parser.add_argument("--fee-taker", type=_percent, metavar="PERCENT", help="taker fee of the simulation")
    parser.add_argument("--fee-maker", type=_percent, metavar="PERCENT", help="maker fee of the simulation")
    parser.add_argument(
        "--latency-ms",
        type=_latency,
        metavar="MS|recorded",
        help="market time from decision to exchange, or the median of the recorded orders "
        "(default: 0 where the exchange was local, else 50)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Compare; return 0 where all trades are equal, 1 where they are not. Raises ConfigError."""
    from whalebot.app.comparison_text import as_json, lines_of

    if args.data and args.journal:
        raise ConfigError("give a recording or --data, not both")
    if args.config and not args.data:
        raise ConfigError(
            "--config: stands beside --data only; a recording is compared with its own settings"
        )
    found = _with_bars(args) if args.data else _with_recording(args)
    if args.json:
        print(as_json(found))
    else:
        print("\n".join(lines_of(found)))
        for text in (found.torn, found.damage):
            if text:
                print(f"the recording is not whole ({text}); what lies before was compared")
    return CLEAN if found.is_equal and not found.damage else DIFFERENCE


def _with_recording(args: argparse.Namespace) -> Comparison:
    from whalebot.adapters.recording.reader import Journal, newest_recording
    from whalebot.research.comparing.comparison import compare_recording

    journal = Journal(args.journal or newest_recording(args.paths.recordings))
    assumed = _assumed(args, journal)
    if not args.json and not args.quiet:
        print(f"{journal.folder}: mode {journal.header.mode}, {pace_of(journal)}")
        fee = f"{(assumed.taker_fee * 100).normalize():f}"
        print(
            f"simulated on the recorded prices{' and books' if assumed.walks_book else ''}: "
            f"taker fee {fee} %, latency {assumed.latency_ms} ms, balance {assumed.balance}"
        )
    return compare_recording(journal, assumed)


def pace_of(journal: Journal) -> str:
    """Say at which speed a session ran, and what that does to its delays."""
    speed = journal.header.config.get("demo", {}).get("speed", 1)
    if journal.header.mode not in ("demo", "replay") or speed == 1:
        return "recorded in real time"
    if speed == "max":
        return "recorded as fast as it could: delays of this machine mean nothing in market time"
    return (
        f"recorded at {speed:g} times real time: 1 ms of this machine was {speed / 1000:g} s of market time"
    )


def _assumed(args: argparse.Namespace, journal: Journal) -> Assumptions:
    from whalebot.app.config.convert import to_decimal
    from whalebot.research.comparing.assumptions import Assumptions
    from whalebot.research.comparing.comparison import first_balance

    mode, trade = journal.header.mode, journal.header.config["trade_management"]
    slippage = trade.get("slippage_percent")
    balance = first_balance(journal)
    return Assumptions(
        balance=to_decimal(trade["account_balance"]) if balance is None else balance,
        maker_fee=_fee(args.fee_maker, trade["maker_fee_percent"]),
        taker_fee=_fee(args.fee_taker, trade["trading_fee_percent"]),
        latency_ms=_latency_ms(args.latency_ms, journal, trade.get("latency_ms")),
        walks_book=mode not in ("paper", "replay"),
        book_at_orders=mode == "demo",
        slippage_percent=None if slippage is None else to_decimal(slippage),
    )


def _with_bars(args: argparse.Namespace) -> Comparison:
    from whalebot.app.bars_comparison import compare_with_bars

    return compare_with_bars(args)


def _fee(given: Decimal | None, configured: float) -> Decimal:
    from whalebot.app.config.convert import to_decimal

    return (to_decimal(configured) if given is None else given) / 100


def _latency_ms(given: int | str | None, journal: Journal, configured: float | None) -> int:
    from whalebot.research.comparing.comparison import recorded_latency_ms

    if isinstance(given, str):
        return recorded_latency_ms(journal)
    if given is not None:
        return given
    if journal.header.mode in ("demo", "replay"):
        return 0
    return _REMOTE_LATENCY_MS if configured is None else int(configured)


def _percent(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not -1 < value < 10:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is a fee in percent of the value, as 0.055")
    return value


def _latency(text: str) -> int | str:
    if text == _RECORDED:
        return text
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise argparse.ArgumentTypeError(
            f"{text!r}: allowed is a whole number of ms from 0 on, or {_RECORDED}"
        )
    return int(text)
