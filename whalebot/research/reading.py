"""Files as a data set: bars, funding and mark prices of each symbol, with the order rules of their time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from whalebot.adapters.feeds.bar_file import BarFile
from whalebot.adapters.feeds.funding import read_funding
from whalebot.adapters.feeds.months import parts_of
from whalebot.adapters.feeds.ohlcv import read_bars
from whalebot.adapters.feeds.rules import instrument_of, later_instruments
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import interval_ms
from whalebot.research.dataset import DatedRules, SymbolData, make_symbol_data


@dataclass(frozen=True, slots=True)
class Source:
    """The files of one symbol, or folders of months. `funding` and `mark` None: not known."""

    symbol: str
    bars: Path
    funding: Path | None = None
    mark: Path | None = None


def read_symbol(
    source: Source,
    interval: str,
    tick: Decimal | None = None,
    step: Decimal | None = None,
    until_ms: int | None = None,
) -> SymbolData:
    """Return a symbol as its files have it. `tick` and `step` stand above the shipped table.

    until_ms: leave out bars that open at or after this time (UTC). Funding rates that say nothing about the
    time of the bars count as not known.

    Raises ConfigError for a file that cannot be read, an instrument that is not known, bars that do not make
    the interval.
    """
    file = read_bars(source.symbol, source.bars)
    if until_ms is not None:
        file = part_of(file, None, until_ms)
    rules = [DatedRules(int(file.open_ms[0]), instrument_of(file, tick=tick, step=step))]
    rules += [DatedRules(at_ms, later) for at_ms, later in later_instruments(file, tick, step)]
    funding = None if source.funding is None else read_funding(source.funding)
    if funding and not any(file.open_ms[0] <= rate.ts_ms <= file.open_ms[-1] for rate in funding):
        funding = None
    mark = None if source.mark is None else read_bars(source.symbol, source.mark)
    paths = [path for path in (source.bars, source.funding, source.mark) if path is not None]
    return make_symbol_data(
        file,
        interval,
        rules,
        funding=funding,
        mark=mark,
        gaps=file.gaps,
        digests=[digest for path in paths for digest in _digests(path)],
    )


def _digests(path: Path) -> list[tuple[str, str]]:
    """Return name and SHA-256 of a file, or of each month of a folder."""
    return [
        (
            part.name if part == path else f"{path.name}/{part.name}",
            hashlib.sha256(part.read_bytes()).hexdigest(),
        )
        for part in parts_of(path)
    ]


def part_of(file: BarFile, from_ms: int | None, to_ms: int | None) -> BarFile:
    """Return the bars that open in [from_ms, to_ms). Raises ConfigError where none is left."""
    begin = 0 if from_ms is None else int(file.open_ms.searchsorted(from_ms))
    end = len(file) if to_ms is None else int(file.open_ms.searchsorted(to_ms))
    if end - begin < 2:
        raise ConfigError(f"{file.path}: fewer than two bars lie between --from and --to")
    names = ("open_ms", "open", "high", "low", "close", "volume")
    columns = {name: getattr(file, name)[begin:end] for name in names}
    last_ms = int(columns["open_ms"][-1]) + interval_ms(file.interval)
    gaps = tuple(gap for gap in file.gaps if gap.start_ms > columns["open_ms"][0] and gap.end_ms < last_ms)
    kept = {name: getattr(file, name) for name in BarFile.__slots__ if name not in (*names, "gaps")}
    return BarFile(**kept, **columns, gaps=gaps)
