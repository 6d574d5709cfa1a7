"""What the `exchange` command can be told, and how its arguments become these options."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from whalebot.adapters.exchange.market.pacing import parse_speed
from whalebot.adapters.exchange.server.clock import SystemClock
from whalebot.adapters.exchange.server.eventlog import FILE_BYTES
from whalebot.domain.errors import ConfigError

KEY_VARIABLE: Final = "WHALEBOT_EXCHANGE_KEY"
SECRET_VARIABLE: Final = "WHALEBOT_EXCHANGE_SECRET"
DEFAULT_PORT: Final = 8899
# Known to everybody: the exchange listens on this machine only and holds no real money.
DEFAULT_KEY: Final = "local-key"
DEFAULT_SECRET: Final = "local-secret"
MARKETS: Final = ("gbm-regimes",)
NOW: Final = "now"


@dataclass(frozen=True, slots=True)
class ExchangeOptions:
    """Everything one run of the exchange needs to know.

    `data` holds `[SYMBOL=]FILE` entries; without any, the market `market` is generated from `seed`. `funding`
    holds such entries of settled rates: without one a file's symbol pays none.
    `symbols` names symbols, or is a number: the first N of the shipped list. `log_bytes` is where a log file
    ends and the next begins. `wait_for_client` None lets
    play start at the first public subscription when data is played or the speed is max. With `follows_clock`
    the market's time is the machine's: it starts now, and a market that is behind catches up.
    """

    port: int = DEFAULT_PORT
    data: tuple[str, ...] = ()
    funding: tuple[str, ...] = ()
    market: str = MARKETS[0]
    seed: int = 7
    from_ms: int | None = None
    follows_clock: bool = False
    speed: str = "1"
    symbols: str = "BTCUSDT"
    balance: Decimal = Decimal(1000)
    api_key: str = DEFAULT_KEY
    api_secret: str = field(default=DEFAULT_SECRET, repr=False)
    rate_limits: bool = True
    scenario: Path | None = None
    state: Path | None = None
    log: Path | None = None
    log_bytes: int | None = None
    check: bool = False
    exit_at_end: bool = False
    die_with_parent: bool = False
    parent_pid: int | None = None
    wait_for_client: bool | None = None
    tick_size: Decimal | None = None
    qty_step: Decimal | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise ConfigError(f"--port {self.port}: expected 0 (a free one) to 65535")
        if self.funding and not self.data:
            raise ConfigError("--funding: only files are played with it; a generated market makes its own")
        if self.balance <= 0:
            raise ConfigError(f"--balance {self.balance}: expected an amount of USDT above 0")
        if not self.api_key or not self.api_secret:
            raise ConfigError("--api-key and --api-secret must not be empty")
        if self.market not in MARKETS:
            raise ConfigError(f"--market {self.market!r}: expected one of {', '.join(MARKETS)}")
        if self.follows_clock and (self.data or parse_speed(self.speed).factor != 1):
            raise ConfigError("--from now: only a generated market at --speed 1 can keep the machine's time")

    @property
    def waits_for_client(self) -> bool:
        """True when play starts with the first subscription of a public stream."""
        if self.wait_for_client is not None:
            return self.wait_for_client
        return bool(self.data) or self.speed.strip().lower() == "max"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the exchange to a command's parser."""
    add = parser.add_argument
    add("--port", type=int, default=DEFAULT_PORT, help="port on 127.0.0.1; 0 takes a free one")
    add("--data", nargs="+", action="extend", default=[], metavar="[SYMBOL=]FILE", help="files to play")
    help_funding = "settled funding rates of files that are played"
    add("--funding", nargs="+", action="extend", default=[], metavar="[SYMBOL=]FILE", help=help_funding)
    add("--market", default=MARKETS[0], help="generated market, when no data is given")
    add("--seed", type=int, default=7, help="seed of the generated market")
    add("--from", dest="from_time", metavar="TIME", help="where play starts: ISO-8601, ms since 1970, or now")
    add("--speed", default="1", metavar="N|max", help="market time per real time; max: as consumers take it")
    add("--symbols", default="BTCUSDT", metavar="LIST|N", help="symbols, or the first N of the shipped list")
    add("--balance", default="1000", metavar="USDT", help="starting balance")
    add("--api-key", help=f"key of the account (or the variable {KEY_VARIABLE})")
    add("--api-secret", help=f"secret of the account (or the variable {SECRET_VARIABLE})")
    add("--rate-limits", choices=("venue", "off"), default="venue", help="requests per second and endpoint")
    add("--scenario", type=Path, metavar="FILE", help="faults to inject, as JSON")
    add("--state", type=Path, metavar="DIR", help="keep account and market here and go on at the next start")
    add("--log", type=Path, metavar="FILE", help="what happened, as JSON lines")
    add("--rotate-log", action="store_true", help="begin the log anew at 10 MB and keep five older files")
    add("--check", action="store_true", help="check the ledger's invariants after every event")
    add("--exit-at-end", action="store_true", help="end when the data has ended")
    add("--die-with-parent", action="store_true", help="end when standard input is closed")
    add("--parent-pid", type=int, metavar="PID", help="end when this process is gone")
    add("--wait-for-client", action=argparse.BooleanOptionalAction, default=None, help="play when subscribed")
    add("--tick", metavar="SIZE", help="tick size of played data whose symbol is not in the shipped table")
    add("--step", metavar="SIZE", help="quantity step of such data")


def options_from_args(args: argparse.Namespace) -> ExchangeOptions:
    """Return the options of a parsed command line. Raises ConfigError for a wrong value."""
    return ExchangeOptions(
        port=args.port,
        data=tuple(args.data),
        funding=tuple(args.funding),
        market=args.market,
        seed=args.seed,
        from_ms=_from_ms(args.from_time),
        follows_clock=args.from_time == NOW,
        speed=args.speed,
        symbols=args.symbols,
        balance=_decimal(args.balance, "--balance"),
        api_key=args.api_key or os.environ.get(KEY_VARIABLE) or DEFAULT_KEY,
        api_secret=args.api_secret or os.environ.get(SECRET_VARIABLE) or DEFAULT_SECRET,
        rate_limits=args.rate_limits == "venue",
        scenario=args.scenario,
        state=args.state,
        log=args.log,
        log_bytes=FILE_BYTES if args.rotate_log else None,
        check=args.check,
        exit_at_end=args.exit_at_end,
        die_with_parent=args.die_with_parent,
        parent_pid=args.parent_pid,
        wait_for_client=args.wait_for_client,
        tick_size=None if args.tick is None else _decimal(args.tick, "--tick"),
        qty_step=None if args.step is None else _decimal(args.step, "--step"),
    )


def parse_time(text: str, option: str) -> int:
    """Return ms UTC of an ISO-8601 time (UTC without an offset) or of a number of ms."""
    if text.isdigit():
        return int(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{option} {text!r}: expected a time such as 2025-06-01T00:00:00Z") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _from_ms(text: str | None) -> int | None:
    if text is None:
        return None
    return SystemClock().now_ns() // 1_000_000 if text == NOW else parse_time(text, "--from")


def _decimal(text: str, option: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ConfigError(f"{option} {text!r}: expected a number") from None
    if not value.is_finite() or value <= 0:
        raise ConfigError(f"{option} {text!r}: expected a number above 0")
    return value
