"""What is kept and where: `<symbol>/<series>/<YYYY-MM>.parquet` (or .csv.gz) below one folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Final

from whalebot.adapters.feeds.months import months_in
from whalebot.domain.intervals import DAY_MS, INTERVALS, interval_ms

PERIODS: Final = {
    "5min": 300_000,
    "15min": 900_000,
    "30min": 1_800_000,
    "1h": 3_600_000,
    "4h": 14_400_000,
    "1d": DAY_MS,
}
"""Periods of open interest and long/short ratio, as the venue names them, in ms."""
_SYMBOL: Final = re.compile(r"[A-Z0-9]{2,30}")


class Kind(Enum):
    """What a series holds; the value is the beginning of its folder's name."""

    BARS = "bars"
    MARK = "mark"
    FUNDING = "funding"
    OPEN_INTEREST = "open_interest"
    RATIO = "long_short_ratio"


COLUMNS: Final = {
    Kind.BARS: ("timestamp", "open", "high", "low", "close", "volume"),
    Kind.MARK: ("timestamp", "open", "high", "low", "close", "volume"),
    Kind.FUNDING: ("timestamp", "fundingRate"),
    Kind.OPEN_INTEREST: ("timestamp", "openInterest"),
    Kind.RATIO: ("timestamp", "buyRatio", "sellRatio"),
}
"""Columns of each kind. `timestamp`: ms UTC, of bars their open. Volume: base; empty for mark prices."""


class Format(Enum):
    """How a month is written; the value is the ending of the file."""

    PARQUET = ".parquet"
    CSV = ".csv.gz"


@dataclass(frozen=True, slots=True)
class Series:
    """One series of one symbol. `step`: interval of bars, period of open interest and ratio, else ""."""

    symbol: str
    kind: Kind
    step: str = ""

    @property
    def step_ms(self) -> int | None:
        """The distance of two rows, None where there is no fixed one."""
        if self.kind in (Kind.BARS, Kind.MARK):
            return interval_ms(self.step)
        return PERIODS.get(self.step)

    @property
    def name(self) -> str:
        """Name of the folder."""
        return f"{self.kind.value}-{self.step}" if self.step else self.kind.value

    def folder(self, root: Path) -> Path:
        """Where its months lie."""
        return root / self.symbol / self.name

    def path(self, root: Path, month: str, form: Format) -> Path:
        """Where one month (YYYY-MM) is written."""
        return self.folder(root) / f"{month}{form.value}"


def series_in(root: Path) -> Iterator[Series]:
    """Yield every series kept below a folder, in order; folders of other names are passed over."""
    for symbol in sorted(p for p in root.iterdir() if p.is_dir()) if root.is_dir() else ():
        if not _SYMBOL.fullmatch(symbol.name):
            continue
        for folder in sorted(p for p in symbol.iterdir() if p.is_dir()):
            found = _parse(symbol.name, folder.name)
            if found is not None and months_of(found, root):
                yield found


def months_of(series: Series, root: Path) -> dict[str, Path]:
    """Return the files of a series by month, ascending; Parquet goes before CSV where both are there."""
    return {path.name[: len("YYYY-MM")]: path for path in months_in(series.folder(root))}


def month_of(ts_ms: int) -> str:
    """Return YYYY-MM of a time, UTC."""
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%Y-%m")


def month_span(month: str) -> tuple[int, int]:
    """Return [begin, end) of YYYY-MM in ms UTC."""
    year, number = map(int, month.split("-"))
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    first, last = datetime(year, number, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC)
    return int(first.timestamp()) * 1000, int(last.timestamp()) * 1000


def months_between(from_ms: int, to_ms: int) -> Iterator[str]:
    """Yield the months that [from_ms, to_ms) touches."""
    at = from_ms
    while at < to_ms:
        month = month_of(at)
        yield month
        at = month_span(month)[1]


def _parse(symbol: str, name: str) -> Series | None:
    for kind in Kind:
        if name == kind.value and kind is Kind.FUNDING:
            return Series(symbol, kind)
        step = name.removeprefix(f"{kind.value}-")
        if step != name and step in (INTERVALS if kind in (Kind.BARS, Kind.MARK) else PERIODS):
            return Series(symbol, kind, step)
    return None
