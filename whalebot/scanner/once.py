"""One evaluation of every symbol from REST alone: for a look, or for a timer."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, as_completed

from whalebot.adapters.bybit.day_ticker import DayTicker
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.domain.errors import RateLimited, TransportError, VenueRefused
from whalebot.scanner.asking import Asking, Stopped
from whalebot.scanner.bootstrap import History, fetch_history
from whalebot.scanner.desk import ScanDesk

_log = logging.getLogger("whalebot.scanner")
FAILURES = (TransportError, RateLimited, VenueRefused, Stopped)


def fetch_tickers(asking: Asking) -> dict[str, DayTicker]:
    """Return the ticker of every symbol, by name. Raises as asking does."""
    survey = asking.survey()
    return {ticker.symbol: ticker for ticker in asking.ask("GET /v5/market/tickers", survey.tickers)}


def submit_histories(
    asking: Asking, symbols: Iterable[str], frames: Iterable[ScanSettings]
) -> dict[Future[History], tuple[str, str]]:
    """Have the history of every symbol and interval asked for by the pool."""
    wanted = [(symbol, settings) for settings in frames for symbol in symbols]
    return {
        asking.submit(lambda asks, name=symbol, own=settings: fetch_history(asks, name, own)): (  # type: ignore[misc]
            symbol,
            settings.interval,
        )
        for symbol, settings in wanted
    }


def scan_once(asking: Asking, desk: ScanDesk) -> int:
    """Load every symbol of the desk and judge it at its last price; return how many failed.

    Raises what asking for the tickers raised.
    """
    frames = [desk.settings(interval) for interval in desk.intervals]
    jobs = submit_histories(asking, desk.cards, frames)
    tickers = fetch_tickers(asking)
    for symbol in desk.cards.keys() & tickers.keys():
        desk.on_ticker(tickers[symbol])
    failed = set()
    for job in as_completed(jobs):
        symbol, _ = jobs[job]
        try:
            desk.on_history(job.result())
        except FAILURES as error:
            failed.add(symbol)
            desk.on_failed(symbol, str(error))
    _judge_live(desk, tickers)
    return len(failed)


def _judge_live(desk: ScanDesk, tickers: Mapping[str, DayTicker]) -> None:
    for symbol in desk.cards:
        ticker = tickers.get(symbol)
        if ticker is not None and ticker.last_price is not None:
            desk.judge_now(symbol, ticker.ts_ms)
