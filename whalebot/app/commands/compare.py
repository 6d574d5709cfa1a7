"""`compare`: what happened, against what the backtest would have done on the same market."""

from __future__ import annotations

import argparse
import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from whalebot.app.exits import CLEAN, DIFFERENCE
from whalebot.domain.errors import ConfigError

if TYPE_CHECKING:
    from whalebot.adapters.recording.reader import Journal
    from whalebot.research.comparing.assumptions import Assumptions

_TEXT: Final = "hold the trades that were made against those of a simulation, trade by trade"
_REMOTE_LATENCY_MS: Final = 50
_RECORDED: Final = "recorded"


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "compare",
        help=_TEXT,
        description=f"{_TEXT}. A recording is replayed, and its orders are carried out again by a simulated "
        "venue on the recorded prices and books; --backtest lets the engine decide there as well. With "
        "--data the trades of trade_history.json are compared with a backtest on those bars. Exit code 1 "
        "where anything differs.",
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
        help="market time from decision to exchange; recorded: of each order as the venue stamped it "
        "(default; of a backtest 0 where the exchange was local, else 50)",
    )
    parser.add_argument(
        "--backtest", action="store_true", help="simulate the decisions too, on the simulated account"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Compare; return 0 where everything is equal, 1 where it is not. Raises ConfigError."""
    if args.data and args.journal:
        raise ConfigError("give a recording or --data, not both")
    if args.data and args.backtest:
        raise ConfigError("--backtest: stands beside a recording; with --data there is nothing else")
    if args.config and not args.data:
        raise ConfigError(
            "--config: stands beside --data only; a recording is compared with its own settings "
            "(whalebot replay --config FILE asks what others would have decided)"
        )
    return _with_bars(args) if args.data else _with_recording(args)


def _with_recording(args: argparse.Namespace) -> int:
    from whalebot.adapters.recording.reader import Journal, newest_recording

    journal = Journal(args.journal or newest_recording(args.paths.recordings))
    assumed = _assumed(args, journal)
    if not args.json and not args.quiet:
        print(f"{journal.folder}: mode {journal.header.mode}, {pace_of(journal)}")
    is_equal, told = _execution(args, journal, assumed)
    if args.backtest:
        is_equal = _backtest(args, journal, assumed, told) and is_equal
    if args.json:
        print(json.dumps({"equal": is_equal, **told}, indent=2))
    else:
        for text in (journal.torn, journal.damage):
            if text:
                print(f"the recording is not whole ({text}); what lies before was compared")
    return CLEAN if is_equal and not journal.damage else DIFFERENCE


def _execution(
    args: argparse.Namespace, journal: Journal, assumed: Assumptions
) -> tuple[bool, dict[str, Any]]:
    from whalebot.app import execution_text as text
    from whalebot.research.comparing.execution import execute_recording
    from whalebot.research.comparing.slippage import slippage_of
    from whalebot.research.replaying import replay

    decisions = replay(journal)
    as_recorded = execute_recording(journal, assumed)
    has_latency = isinstance(args.latency_ms, int)
    found = execute_recording(journal, assumed, args.latency_ms) if has_latency else as_recorded
    slippage = slippage_of(found.orders, assumed.slippage_percent)
    is_equal = decisions.parting is None and found.is_equal
    if args.json:
        return is_equal, text.execution_json(decisions, found, slippage)
    latency = f"latency {args.latency_ms} ms" if has_latency else "latency of each order as recorded"
    lines = [*text.decision_lines(decisions), *text.order_lines(found)]
    lines += [*text.slippage_lines(slippage, bool(args.verbose))]
    lines += [*text.execution_lines(found, f"{_words(assumed)}, {latency}")]
    if has_latency:
        lines.append(text.latency_line(as_recorded, found))
    print("\n".join(lines))
    return is_equal, {}


def _backtest(args: argparse.Namespace, journal: Journal, assumed: Assumptions, told: dict[str, Any]) -> bool:
    from whalebot.app.comparison_text import as_table, lines_of
    from whalebot.research.comparing.comparison import compare_recording

    found = compare_recording(journal, assumed)
    if args.json:
        told["backtest"] = as_table(found)
    else:
        print(f"backtest: {_words(assumed)}, latency {assumed.latency_ms} ms, balance {assumed.balance}")
        print("\n".join(lines_of(found)))
    return found.is_equal


def _words(assumed: Assumptions) -> str:
    fee = f"{(assumed.taker_fee * 100).normalize():f}"
    return f"recorded prices{' and books' if assumed.walks_book else ''}, taker fee {fee} %"


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


def _with_bars(args: argparse.Namespace) -> int:
    from whalebot.app.bars_comparison import compare_with_bars
    from whalebot.app.comparison_text import as_table, lines_of

    found = compare_with_bars(args)
    print(json.dumps(as_table(found), indent=2) if args.json else "\n".join(lines_of(found)))
    return CLEAN if found.is_equal else DIFFERENCE


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
