"""Small markets and plain reference arithmetic for the tests of the market side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from whalebot.adapters.exchange.market.bars import BarTable, bars_from_candles
from whalebot.adapters.exchange.market.events import Batch, Kline, MarketEvent
from whalebot.adapters.exchange.market.playback import PlaybackMarket, PlaybackTrack
from whalebot.adapters.exchange.market.source import MarketSource
from whalebot.domain.instrument import Instrument
from whalebot.domain.intervals import bar_close_ms, bar_open_ms, interval_ms
from whalebot.domain.market import Candle

T0 = 1_704_067_200_000  # Monday 2024-01-01 00:00 UTC: the start of a month, a week and a day
MINUTE = 60_000


def instrument(
    symbol: str = "BTCUSDT", tick: str = "0.1", step: str = "0.001", funding: int = 480
) -> Instrument:
    """An instrument with wide limits."""
    return Instrument(
        symbol,
        Decimal(tick),
        Decimal(step),
        Decimal(step),
        Decimal(100_000),
        Decimal(100_000),
        Decimal(5),
        Decimal(100),
        funding,
    )


def candle(
    i: int, prices: str = "100 101 99 100.5", volume: str = "1", symbol: str = "BTCUSDT", interval: str = "1"
) -> Candle:
    """Bar number `i` of an interval after T0; `prices` is open, high, low, close."""
    open_ms = T0 + i * interval_ms(interval)
    return Candle(symbol, interval, open_ms, *map(Decimal, prices.split()), Decimal(volume))


def wave(numbers: Iterable[int], symbol: str = "BTCUSDT", interval: str = "1") -> list[Candle]:
    """Bars that rise and fall without chance, each opening at the close before."""
    out = []
    for i in numbers:
        first, last = 1000 + (i * 37) % 101, 1000 + ((i + 1) * 37) % 101
        high, low = max(first, last) + i % 7, min(first, last) - i % 5
        out.append(candle(i, f"{first} {high} {low} {last}", f"{10 + i % 13}.5", symbol, interval))
    return out


def table(candles: Sequence[Candle]) -> BarTable:
    """The bars as columns."""
    return bars_from_candles(candles)


def playback(*histories: Sequence[Candle], **kwargs: object) -> PlaybackMarket:
    """A market that plays candles, one sequence a symbol."""
    tracks = [PlaybackTrack(instrument(c[0].symbol), table(c)) for c in histories]
    return PlaybackMarket(tracks, **kwargs)  # type: ignore[arg-type]


def batches(market: MarketSource, until_ms: int | None = None) -> Iterator[Batch]:
    """Every batch up to an instant, or to the end of the data."""
    while not market.is_finished:
        batch = market.advance(until_ms)
        yield batch
        if until_ms is not None and not batch.at_barrier:
            return


def play(market: MarketSource, until_ms: int | None = None) -> list[MarketEvent]:
    """All events up to an instant, or to the end of the data."""
    return [event for batch in batches(market, until_ms) for event in batch.events]


def resampled(candles: Sequence[Candle], interval: str) -> list[tuple[object, ...]]:
    """Whole buckets by the plainest arithmetic: (open_ms, o, h, l, c, volume), the first partial one dropped.

    A bucket is closed when its last finest bar is there, or when a later bar is.
    """
    buckets: dict[int, list[Candle]] = {}
    for c in candles:
        buckets.setdefault(bar_open_ms(c.open_ms, interval), []).append(c)
    rows = []
    for open_ms, members in buckets.items():
        close_ms = bar_close_ms(open_ms, interval)
        is_first_partial = open_ms < candles[0].open_ms
        is_closed = members[-1].close_ms == close_ms or candles[-1].open_ms >= close_ms
        if not is_first_partial and is_closed:
            rows.append(
                (
                    open_ms,
                    members[0].open,
                    max(c.high for c in members),
                    min(c.low for c in members),
                    members[-1].close,
                    sum(c.volume for c in members),
                )
            )
    return rows


def numbers_of(kline: Kline) -> tuple[object, ...]:
    """What `resampled` says of a bar."""
    return kline.open_ms, kline.open, kline.high, kline.low, kline.close, kline.volume
