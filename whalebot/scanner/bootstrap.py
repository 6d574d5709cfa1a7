"""The history of one symbol from REST: closed bars, the forming one, what the session and the pivots need."""

from __future__ import annotations

from dataclasses import dataclass

from whalebot.adapters.bybit.rest_survey import MOST_BARS, BarPage, BybitSurvey
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.decisions.scan.window import SessionBar, pivot_session, session_open_ms
from whalebot.domain.intervals import DAY_MS, bar_close_ms, interval_ms
from whalebot.domain.market import Candle
from whalebot.scanner.asking import Asking
from whalebot.scanner.bar_store import BarStore


@dataclass(frozen=True, slots=True)
class History:
    """What a symbol starts with. `closed`: oldest first; `refused`: rows that could not be used."""

    symbol: str
    interval: str
    closed: tuple[Candle, ...]
    forming: Candle | None
    previous: SessionBar | None
    refused: int


def fetch_history(asking: Asking, symbol: str, settings: ScanSettings) -> History:
    """Ask for the window of a symbol. The newest row is the forming bar and no history.

    One request where the window reaches back over the session and the one before; more where it does not.
    Raises TransportError, VenueRefused or RateLimited.
    """
    interval = settings.interval
    page = fetch_bars(asking, symbol, interval, None, settings.kline_history + 1)
    bars, refused = list(page.bars), page.refused
    if not bars:
        return History(symbol, interval, (), None, None, refused)
    forming = bars.pop()
    if settings.signal_config.vwap_mode == "session" and interval_ms(interval) < DAY_MS:
        anchor = (bars[-1] if bars else forming).open_ms // DAY_MS * DAY_MS
        while bars and bars[0].open_ms > anchor:
            count = -(-(bars[0].open_ms - anchor) // interval_ms(interval))
            older = fetch_bars(asking, symbol, interval, bars[0].open_ms - 1, min(count, MOST_BARS))
            if not older.bars or older.bars[-1].open_ms >= bars[0].open_ms:
                break
            bars[:0] = older.bars
            refused += older.refused
    store = BarStore(symbol, interval, settings.kline_history)
    store.load(bars)
    previous = None
    if settings.signal_config.pivot_source == "previous_session" and store.lacks_session():
        previous = fetch_session(asking, symbol, interval, store.wanted_session())
    return History(symbol, interval, tuple(bars), forming, previous, refused)


def fetch_bars(asking: Asking, symbol: str, interval: str, end_ms: int | None, count: int) -> BarPage:
    """Ask for bars; a page with rows that cannot be used is asked for once more."""
    survey: BybitSurvey = asking.survey()
    what = f"GET /v5/market/kline {symbol} {interval}"
    page = asking.ask(what, lambda: survey.bars(symbol, interval, end_ms, count))
    if not page.refused:
        return page
    again = asking.ask(what, lambda: survey.bars(symbol, interval, end_ms, count))
    return again if again.refused < page.refused else page


def fetch_session(asking: Asking, symbol: str, interval: str, start_ms: int | None) -> SessionBar | None:
    """Ask for the session that began at `start_ms` (ms UTC); None where the venue has none of it."""
    if start_ms is None:
        return None
    session = pivot_session(interval)
    if session == "Y":
        return _year(fetch_bars(asking, symbol, "M", None, 25).bars, start_ms)
    page = fetch_bars(asking, symbol, session, bar_close_ms(start_ms, session) - 1, 1)
    for bar in page.bars:
        if bar.open_ms == start_ms:
            return SessionBar(start_ms, float(bar.high), float(bar.low), float(bar.close))
    return None


def _year(months: tuple[Candle, ...], start_ms: int) -> SessionBar | None:
    part = [bar for bar in months if session_open_ms(bar.open_ms, "Y") == start_ms]
    if not part or part[0].open_ms != start_ms:
        return None
    high, low = max(bar.high for bar in part), min(bar.low for bar in part)
    return SessionBar(start_ms, float(high), float(low), float(part[-1].close))
