"""Builds a scan out of its parts and runs it: once, live, or over recorded frames."""

from __future__ import annotations

import logging
import os
import random
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from whalebot import __version__
from whalebot.adapters.bybit.hosts import Endpoints, check_urls
from whalebot.adapters.bybit.rest_survey import ListedSymbol
from whalebot.adapters.logs.system import wants_colour
from whalebot.adapters.storage.lock import FolderLock
from whalebot.app.scanning.arguments import ScanArguments
from whalebot.app.scanning.config import ScanConfig
from whalebot.app.scanning.kept import KeptSignals
from whalebot.app.scanning.options import intervals_of
from whalebot.app.scanning.query import make_query
from whalebot.decisions.scan.announcing import Announcer
from whalebot.domain.errors import ConfigError, RateLimited, TransportError, VenueRefused
from whalebot.runtime.clock import SystemClock
from whalebot.scanner.alerting import ScanAlerts
from whalebot.scanner.asking import Asking, Patience
from whalebot.scanner.desk import ScanDesk, make_frames
from whalebot.scanner.history import SIMULATED
from whalebot.scanner.options import ScannerOptions
from whalebot.scanner.outputs import OutputPlaces, OutputWriter, load_state
from whalebot.scanner.publishing import RunIdentity, TablePublisher
from whalebot.scanner.rule_guard import RuleGuard
from whalebot.scanner.symbol_logs import Console, SymbolLogs, remove_old_logs, run_start
from whalebot.scanner.universe import choose, load_universe, read_watchlist, split_names
from whalebot.scanner.view import TableQuery

_log = logging.getLogger("whalebot.scanner")
_MOST_WITH_BOOK: Final = 50
_MOST_CLOCK_MS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Scan:
    """The parts of one run."""

    args: ScanArguments
    config: ScanConfig
    options: ScannerOptions
    endpoints: Endpoints
    time_scale: float
    asking: Asking
    desk: ScanDesk
    universe: Mapping[str, ListedSymbol]
    query: TableQuery
    logs: SymbolLogs
    console: Console
    writer: OutputWriter
    alerts: ScanAlerts | None
    clock: SystemClock
    publisher: TablePublisher


def folder_of(args: ScanArguments, name: str) -> Path:
    """Return a folder of the configuration: relative ones lie in the folder of the run."""
    return Path(args.paths.dir / Path(name).expanduser())


@contextmanager
def open_scan(args: ScanArguments, config: ScanConfig, options: ScannerOptions) -> Iterator[Scan]:
    """Give a scan whose symbols are known and none loaded. Raises ConfigError, or what the venue raises."""
    query = make_query(args, options)
    zone = ZoneInfo(options.timezone)
    console = Console(sys.stderr, args.masker, wants_colour(sys.stderr, os.environ), zone)
    console.setLevel(logging.WARNING if args.quiet else logging.DEBUG if args.verbose else logging.INFO)
    folder = folder_of(args, options.log_directory)
    logs = SymbolLogs(folder, args.masker, run_start(), options.per_symbol_log_limit, console)
    remove_old_logs(folder, options.log_retention_days, time.time())
    with logs.whole_process(), _source(args, config) as (endpoints, time_scale):
        clock = SystemClock()
        rng = random.Random()
        patience = Patience(options.max_api_retries, options.retry_delay, options.api_timeout_seconds)
        asking = Asking(endpoints, patience, clock, rng)
        try:
            cache = args.paths.state / "instruments.json"
            universe = load_universe(asking, cache, endpoints.rest_url, clock.now_ms(), args.refresh)
            symbols = _symbols(args, options, universe, asking, clock)
            desk = _desk(args, options, symbols, universe, clock)
            logs.set_up(symbols)
            places = places_of(args, options)
            kept = KeptSignals(places.state.parent, SIMULATED if args.demo else "live")
            writer = OutputWriter(places, args.masker.mask, kept)
            run = RunIdentity(
                kept.run_id, __version__, args.masker.mask(endpoints.rest_url), args.demo, clock.now_ms()
            )
            publisher = TablePublisher(writer, run, clock.now_ms, time.monotonic)
            try:
                with _alerts(args, config, options, clock) as alerts:
                    yield Scan(
                        args, config, options, endpoints, time_scale, asking, desk, universe, query, logs,
                        console, writer, alerts, clock, publisher,
                    )  # fmt: skip
            finally:
                writer.stop()
        finally:
            asking.close()


def places_of(args: ScanArguments, options: ScannerOptions) -> OutputPlaces:
    """Return where outputs go."""
    output = options.output
    json_folder = folder_of(args, output.json_output_dir)
    return OutputPlaces(
        json_folder if output.save_to_json else None,
        folder_of(args, output.csv_output_dir) if output.save_to_csv else None,
        folder_of(args, options.log_directory) / output.alert_file,
        json_folder / ("scan_state.demo.json" if args.demo else "scan_state.json"),
    )


def output_lock(args: ScanArguments, options: ScannerOptions) -> FolderLock:
    """Return the right to write outputs, for one scan at a time; readers need none."""
    path = folder_of(args, options.output.json_output_dir) / "scan.lock"
    return FolderLock(path, "scans into", "--out DIR")


@contextmanager
def _source(args: ScanArguments, config: ScanConfig) -> Iterator[tuple[Endpoints, float]]:
    if not args.demo:
        yield config.endpoints, 1.0
        return
    from whalebot.app.scanning.demo import start_scan_exchange

    exchange = start_scan_exchange(args.paths.logs, args.demo_symbols, args.demo_speed, args.seed)
    _log.info("prices are simulated: this is a local exchange, its signals are not of any market")
    try:
        yield (
            check_urls(
                rest_url=exchange.rest_url,
                ws_public_url=exchange.ws_public_url,
                ws_private_url=None,
                real_keys=False,
            ),
            exchange.time_scale,
        )
    finally:
        exchange.stop()


@contextmanager
def _alerts(
    args: ScanArguments, config: ScanConfig, options: ScannerOptions, clock: SystemClock
) -> Iterator[ScanAlerts | None]:
    if not options.alerts.enabled:
        yield None
        return
    from whalebot.app.scanning.alerts import open_alerts

    with open_alerts(options.alerts, config.channels, clock, args.masker.mask) as alerts:
        yield alerts


def _desk(
    args: ScanArguments,
    options: ScannerOptions,
    symbols: tuple[str, ...],
    universe: Mapping[str, ListedSymbol],
    clock: SystemClock,
) -> ScanDesk:
    frames = list(make_frames(options.scan, intervals_of(args, options), RuleGuard(clock)))
    announcer = Announcer(options.scan)
    state = load_state(places_of(args, options).state)
    if state is not None:
        try:
            announcer = Announcer.from_dict(options.scan, state)
        except ValueError as error:
            _log.warning("the state of the last run is not used: %s", error)
    has_book = len(symbols) <= _MOST_WITH_BOOK or args.book
    levels = options.orderbook_limit if has_book else 0
    desk = ScanDesk(
        frames, announcer, options.analysis_interval * 1000, options.cache_ttl_seconds, levels, time.monotonic
    )
    for symbol in symbols:
        desk.add(symbol, universe[symbol].tick_size)
    return desk


def _symbols(
    args: ScanArguments,
    options: ScannerOptions,
    universe: Mapping[str, ListedSymbol],
    asking: Asking,
    clock: SystemClock,
) -> tuple[str, ...]:
    exclude = split_names([args.exclude or ""])
    asked = _asked(args, options)
    if asked is None:
        return _all_symbols(options, universe, asking, clock, exclude)
    chosen = choose(asked, universe, exclude)
    for note in chosen.notes:
        _log.warning("%s", note)
    if not chosen.symbols:
        raise ConfigError("no valid symbol is left; name symbols as BTCUSDT, or use --all")
    listed = ", ".join(chosen.symbols[:20]) + (", ..." if len(chosen.symbols) > 20 else "")
    _log.info("%d symbols: %s", len(chosen.symbols), listed)
    return chosen.symbols


def _asked(args: ScanArguments, options: ScannerOptions) -> list[str] | None:
    """Return the names that were given, None for all of them. Raises ConfigError where none was."""
    if args.words:
        return split_names(args.words)
    if args.symbols is not None:
        return split_names([args.symbols])
    if args.watchlist is not None:
        return read_watchlist(args.watchlist, options.watchlists, Path.cwd())
    if args.all or args.demo:
        return None
    if sys.stdin is not None and sys.stdin.isatty():
        print("Symbols (comma separated, e.g. BTCUSDT, ETHUSDT): ", end="", file=sys.stderr, flush=True)
        return split_names([sys.stdin.readline()])
    raise ConfigError("which symbols? name them, or use --symbols, --watchlist or --all")


def _all_symbols(
    options: ScannerOptions,
    universe: Mapping[str, ListedSymbol],
    asking: Asking,
    clock: SystemClock,
    exclude: list[str],
) -> tuple[str, ...]:
    from whalebot.scanner.membership import members
    from whalebot.scanner.once import fetch_tickers

    tickers = fetch_tickers(asking)
    turnover = {name: ticker.turnover_24h or 0.0 for name, ticker in tickers.items()}
    wanted = members(universe, turnover, options, clock.now_ms(), exclude)
    if not wanted:
        raise ConfigError(
            f"no perpetual has a turnover of {options.min_turnover24h:g} USDT in 24 h; "
            "lower scanner.min_turnover24h"
        )
    _log.info("%d of %d perpetuals have the turnover and the age", len(wanted), len(universe))
    return wanted


def warn_of_clock(scan: Scan) -> None:
    """Say where this machine's clock is far from the venue's; events keep the venue's time."""
    try:
        offset_ms = scan.asking.clock_offset_ms()
    except (TransportError, RateLimited, VenueRefused):
        return
    if abs(offset_ms) > _MOST_CLOCK_MS:
        _log.warning(
            "this machine's clock is %.1f s %s the venue's; signals carry the venue's time",
            abs(offset_ms) / 1000,
            "behind" if offset_ms > 0 else "ahead of",
        )
