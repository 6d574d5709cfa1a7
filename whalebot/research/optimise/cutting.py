"""A span of a data set with what is needed before it to warm up, and nothing after it."""

from __future__ import annotations

from dataclasses import replace

from whalebot.adapters.exchange.market.bars import Bars, BarTable
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import interval_ms, iso_utc
from whalebot.research.dataset import Dataset, DatedRules, SymbolData, make_symbol_data


def cut(dataset: Dataset, from_ms: int | None, until_ms: int | None, warm_up_ms: int = 0) -> Dataset:
    """Return the bars that open in [from_ms − warm_up_ms, until_ms); entries count from `from_ms` on.

    None: from the first, to the last. What comes after `until_ms` is not in the result in any form. Symbols
    without a bar inside are left out. Raises ConfigError where none is left.
    """
    begin = None if from_ms is None else from_ms - warm_up_ms
    parts = [part for data in dataset.symbols if (part := _part(data, dataset.interval, begin, until_ms))]
    if not parts:
        raise ConfigError(f"no bars lie between {_time(from_ms)} and {_time(until_ms)}")
    trade_from = dataset.trade_from_ms if from_ms is None else max(from_ms, dataset.trade_from_ms or from_ms)
    return Dataset(dataset.interval, tuple(parts), trade_from)


def with_interval(dataset: Dataset, interval: str) -> Dataset:
    """Return the same bars decided on another interval. Raises ConfigError where they do not make it."""
    if interval == dataset.interval:
        return dataset
    parts = tuple(
        replace(
            make_symbol_data(data.fine, interval, data.rules, funding=data.funding, mark=data.mark),
            gaps=data.gaps,
            digests=data.digests,
        )
        for data in dataset.symbols
    )
    return Dataset(interval, parts, dataset.trade_from_ms)


def _part(data: SymbolData, interval: str, from_ms: int | None, until_ms: int | None) -> SymbolData | None:
    fine = _rows(data.fine, from_ms, until_ms)
    if len(fine.open_ms) < 2:
        return None
    first, end = int(fine.open_ms[0]), int(fine.open_ms[-1]) + interval_ms(fine.interval)
    mark = None if data.mark is None else _rows(data.mark, from_ms, until_ms)
    return make_symbol_data(
        fine,
        interval,
        _rules(data.rules, first, end),
        funding=None if data.funding is None else [rate for rate in data.funding if rate.ts_ms <= end],
        mark=mark,
        gaps=[gap for gap in data.gaps if gap.start_ms > first and gap.end_ms < end],
        digests=data.digests,
    )


def _rows(bars: Bars, from_ms: int | None, until_ms: int | None) -> BarTable:
    begin = 0 if from_ms is None else int(bars.open_ms.searchsorted(from_ms))
    end = len(bars.open_ms)
    if until_ms is not None:
        # A bar belongs to the span when it has closed inside.
        end = int(bars.open_ms.searchsorted(until_ms - interval_ms(bars.interval), "right"))
    columns = (bars.open_ms, bars.open, bars.high, bars.low, bars.close, bars.volume)
    return BarTable(
        bars.symbol,
        bars.interval,
        bars.price_decimals,
        bars.volume_decimals,
        *(column[begin:end] for column in columns),
    )


def _rules(rules: tuple[DatedRules, ...], first_ms: int, end_ms: int) -> tuple[DatedRules, ...]:
    known = [row for row in rules if row.from_ms < end_ms]
    begin = max((i for i, row in enumerate(known) if row.from_ms <= first_ms), default=0)
    return tuple(known[begin:])


def _time(ms: int | None) -> str:
    return "the end of the data" if ms is None else iso_utc(ms)
