"""`scan explain`, `history`, `backscan`, `judge`: what makes a signal, which there were, what came of it."""

from __future__ import annotations

import os
import random
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from whalebot import __version__
from whalebot.adapters.logs.system import wants_colour
from whalebot.app.exits import CLEAN
from whalebot.app.scanning.arguments import ScanArguments
from whalebot.app.scanning.config import ScanConfig
from whalebot.domain.errors import ConfigError, VenueRefused
from whalebot.scanner.history import FILE_NAME, Query, read_signals
from whalebot.scanner.options import ScannerOptions
from whalebot.scanner.universe import choose, split_names

if TYPE_CHECKING:
    from whalebot.adapters.bybit.rest_survey import ListedSymbol
    from whalebot.decisions.scan.window import History
    from whalebot.scanner.asking import Asking

_DIRECTIONS: Final = ("Long", "Short")
_INVALID_SYMBOL: Final = 10001


def run_tool(args: ScanArguments, config: ScanConfig, options: ScannerOptions) -> int:
    """Run the tool that the first word names."""
    word, *rest = args.words
    args = replace(args, words=tuple(rest))
    if word == "backscan":
        from whalebot.app.scanning.run import output_lock

        with output_lock(args, options):
            return _backscan(args, config, options)
    tools: Mapping[str, Callable[[ScanArguments, ScanConfig, ScannerOptions], int]] = {
        "explain": _explain,
        "history": _history,
        "judge": _judge,
    }
    return tools[word](args, config, options)


def _explain(args: ScanArguments, config: ScanConfig, options: ScannerOptions) -> int:
    from whalebot.app.scanning.run import open_scan
    from whalebot.decisions.scan.wording import explain_lines
    from whalebot.scanner.once import scan_once
    from whalebot.scanner.view import status_of

    if not args.words:
        raise ConfigError("scan explain: which symbol? as: scan explain BTCUSDT")
    with open_scan(args, config, options) as scan:
        scan_once(scan.asking, scan.desk)
        for card in scan.desk.cards.values():
            if card.evaluation is None:
                print(f"{card.symbol}: {status_of(scan.desk, card)} {card.reason}")
                continue
            settings = scan.desk.settings(scan.desk.base)
            for line in explain_lines(card.evaluation, settings, card.tick_size):
                print(args.masker.mask(line))
    return CLEAN


def _history(args: ScanArguments, config: ScanConfig, options: ScannerOptions) -> int:
    from whalebot.scanner.history_text import history_text, write_parquet

    records = read_signals(_file(args, options), _query(args))
    form = args.format or "table"
    if form == "parquet":
        path = Path("signals.parquet")
        write_parquet(records, path)
        print(f"{len(records)} signals written to {path}")
        return CLEAN
    if form not in ("table", "csv", "json"):
        raise ConfigError(f"scan history --format {form}: allowed is table, csv, json or parquet")
    for line in history_text(records, form):
        print(args.masker.mask(line))
    return CLEAN


def _backscan(args: ScanArguments, config: ScanConfig, options: ScannerOptions) -> int:
    from whalebot.scanner.bar_files import read_scan_bars
    from whalebot.scanner.past import run_backscan
    from whalebot.scanner.past_bars import fetch_span, first_bar_needed

    run_id, path, settings = secrets.token_hex(6), _file(args, options), options.scan

    def scan(history: History, tick_size: Decimal) -> None:
        run = run_backscan(
            history,
            settings,
            tick_size,
            path,
            run_id=run_id,
            version=__version__,
            from_ms=args.from_ms,
            to_ms=args.to_ms,
        )
        print(f"{run.symbol}: {run.bars} bars, {run.events} events, {run.added} of them new")

    if args.data:
        for text in args.data:
            bars = read_scan_bars(text, settings.interval, args.tick)
            scan(bars.history, bars.tick_size)
        return CLEAN
    if args.from_ms is None:
        raise ConfigError("scan backscan: from when? as: --from 2026-01-01")
    with _venue(args, config, options) as (asking, universe, now_ms):
        chosen = choose(split_names([*args.words, args.symbols or ""]), universe)
        for note in chosen.notes:
            print(note, file=sys.stderr)
        if not chosen.symbols:
            raise ConfigError("scan backscan: which symbols? as: scan backscan BTCUSDT --from 2026-01-01")
        for symbol in chosen.symbols:
            first_ms = first_bar_needed(args.from_ms, settings.interval, settings.kline_history)
            to_ms = now_ms if args.to_ms is None else args.to_ms
            history = fetch_span(asking, symbol, settings.interval, first_ms, to_ms, now_ms)
            scan(history, universe[symbol].tick_size)
    return CLEAN


def _judge(args: ScanArguments, config: ScanConfig, options: ScannerOptions) -> int:
    from whalebot.scanner.judge import JudgeSettings
    from whalebot.scanner.past import judge_history, judge_lines, with_cost

    settings = JudgeSettings(tuple(sorted(set(options.judge.horizons))), by=args.by)
    if args.net:
        settings = with_cost(settings, options.judge.cost_bps)
    with _bars(args, config, options) as bars_of:
        found = judge_history(_file(args, options), _query(args), bars_of, settings)
    has_colour = wants_colour(sys.stdout, os.environ)
    threshold = options.scan.signal_config.signal_threshold
    for line in judge_lines(found, settings, threshold=threshold, suggest=args.suggest_weights):
        text = args.masker.mask(line.text)
        print(f"\033[90m{text}\033[0m" if line.is_faint and has_colour else text)
    return CLEAN


@contextmanager
def _bars(
    args: ScanArguments, config: ScanConfig, options: ScannerOptions
) -> Iterator[Callable[[str, str, int, int], History | None]]:
    """Give where closed bars come from: files, or the venue."""
    from whalebot.scanner.bar_files import read_scan_bars
    from whalebot.scanner.past_bars import fetch_span

    if args.data:
        files = [read_scan_bars(text, options.scan.interval, args.tick) for text in args.data]
        known = {(bars.history.symbol, bars.history.interval): bars.history for bars in files}

        def read(symbol: str, interval: str, from_ms: int, to_ms: int) -> History | None:
            if (symbol, interval) not in known:
                raise ConfigError(f"{symbol} ({interval}): no --data file has its bars; or name --symbol")
            return known[symbol, interval]

        yield read
        return
    with _venue(args, config, options) as (asking, _, now_ms):

        def fetch(symbol: str, interval: str, from_ms: int, to_ms: int) -> History | None:
            try:
                return fetch_span(asking, symbol, interval, from_ms, min(to_ms, now_ms), now_ms)
            except VenueRefused as error:
                if error.ret_code == _INVALID_SYMBOL:
                    return None
                raise

        yield fetch


@contextmanager
def _venue(
    args: ScanArguments, config: ScanConfig, options: ScannerOptions
) -> Iterator[tuple[Asking, Mapping[str, ListedSymbol], int]]:
    from whalebot.runtime.clock import SystemClock
    from whalebot.scanner.asking import Asking, Patience
    from whalebot.scanner.universe import load_universe

    clock = SystemClock()
    patience = Patience(options.max_api_retries, options.retry_delay, options.api_timeout_seconds)
    asking = Asking(config.endpoints, patience, clock, random.Random())
    try:
        cache = args.paths.state / "instruments.json"
        universe = load_universe(asking, cache, config.endpoints.rest_url, clock.now_ms(), args.refresh)
        yield asking, universe, clock.now_ms() + asking.clock_offset_ms()
    finally:
        asking.close()


def _file(args: ScanArguments, options: ScannerOptions) -> Path:
    from whalebot.app.scanning.run import folder_of

    return folder_of(args, options.output.json_output_dir) / FILE_NAME


def _query(args: ScanArguments) -> Query:
    names = split_names([args.symbol or "", args.symbols or "", *args.words])
    query = Query(
        symbols=tuple(name.upper() for name in names),
        since_ms=args.since,
        min_score=args.min_score,
        interval=args.interval,
        mode=args.mode,
    )
    if args.type is None:
        return query
    is_direction = args.type in _DIRECTIONS
    return replace(query, direction=args.type) if is_direction else replace(query, event=args.type)
