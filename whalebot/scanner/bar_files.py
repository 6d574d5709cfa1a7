"""Closed bars from a file of market history, as the scanner reads them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from whalebot.adapters.feeds.bar_file import BarFile
from whalebot.adapters.feeds.ohlcv import read_ohlcv
from whalebot.adapters.feeds.rules import instrument_of
from whalebot.decisions.analysis.bars import Bars
from whalebot.decisions.analysis.resample import can_resample, resample
from whalebot.decisions.scan.window import History, make_history
from whalebot.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ScanBars:
    """The bars of one symbol and its tick size."""

    history: History
    tick_size: Decimal


def read_scan_bars(text: str, interval: str, tick: Decimal | None = None) -> ScanBars:
    """Read `FILE` or `SYMBOL=FILE` and return its bars, joined to `interval` where they are finer.

    tick: stands above the shipped table of instruments. Raises ConfigError for a file that cannot be read or
    whose bars do not make the interval.
    """
    file = read_ohlcv(text)
    if not can_resample(file.interval, interval):
        raise ConfigError(f"{text}: bars of interval {file.interval} do not make interval {interval}")
    bars = resample(_bars(file), file.interval, interval) if file.interval != interval else _bars(file)
    tick_size = tick if tick is not None else instrument_of(file).tick_size
    return ScanBars(
        make_history(file.symbol, interval, bars.open_ms, bars.high, bars.low, bars.close, bars.volume),
        tick_size,
    )


def _bars(file: BarFile) -> Bars:
    return Bars(
        file.open_ms,
        file.prices(file.open),
        file.prices(file.high),
        file.prices(file.low),
        file.prices(file.close),
        file.volumes(),
    )
