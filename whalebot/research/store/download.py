"""Fills the holes of a series from a source, month by month, so that a kill at any moment loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import bar_close_ms, bar_open_ms, iso_utc
from whalebot.research.store.layout import (
    COLUMNS,
    Format,
    Kind,
    Series,
    month_span,
    months_between,
    months_of,
)
from whalebot.research.store.tables import Row, read_rows, write_rows

_FUNDING_MS: Final = 8 * 3_600_000
"""The longest time between two settlements."""
_WRITE_EVERY: Final = 20
"""Pages after which an unfinished month is written."""


class Source(Protocol):
    """Where rows come from."""

    def rows(self, series: Series, start_ms: int, end_ms: int) -> Sequence[Row]:
        """Return the rows in [start_ms, end_ms), oldest first; the span is never longer than a page."""
        ...

    def page_ms(self, series: Series) -> int:
        """Return how long a span of one page may be."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download is. `done_ms` of `whole_ms`; `rows` that are new."""

    series: Series
    done_ms: int
    whole_ms: int
    rows: int


def download(
    series: Series,
    from_ms: int,
    to_ms: int,
    source: Source,
    root: Path,
    form: Format,
    hear: Callable[[Progress], None] = lambda _: None,
) -> int:
    """Fetch what is missing in [from_ms, to_ms); return how many rows are new.

    What is there already is never asked for again. Raises what the source raises, OSError and ConfigError.
    """
    new = 0
    for month in months_between(from_ms, to_ms):
        begin, end = month_span(month)
        first, last = max(begin, from_ms), min(end, to_ms)
        for found in _fill_month(series, month, (first, last), source, root, form):
            new += found[1]
            hear(Progress(series, found[0] - from_ms, to_ms - from_ms, new))
    return new


def holes(series: Series, times: Sequence[int], first_ms: int, last_ms: int) -> list[tuple[int, int]]:
    """Return the spans [start, end) of [first_ms, last_ms) in which rows are missing. times: ascending."""
    step_ms = series.step_ms
    spans = []
    expected = first_ms if step_ms is None else _grid(series, first_ms)
    longest = _FUNDING_MS if step_ms is None else 0
    for ts_ms in (*(t for t in times if first_ms <= t < last_ms), last_ms):
        if ts_ms - expected > longest:
            spans.append((expected, ts_ms))
        expected = ts_ms + 1 if step_ms is None else _next(series, ts_ms)
    return spans


def missing_beginning(series: Series, from_ms: int, to_ms: int, root: Path) -> str | None:
    """Say where the kept rows of [from_ms, to_ms) begin when that is later than asked, None: at the start."""
    names = COLUMNS[series.kind]
    for month in months_between(from_ms, to_ms):
        path = months_of(series, root).get(month)
        times = [int(row[0]) for row in read_rows(path, names)] if path is not None else []
        within = [ts_ms for ts_ms in times if from_ms <= ts_ms < to_ms]
        if within:
            first_ms = min(within)
            late = holes(series, [first_ms], from_ms, first_ms + 1)
            return f"first row {iso_utc(first_ms)}, asked from {iso_utc(from_ms)}" if late else None
    return f"no rows, asked from {iso_utc(from_ms)}"


def _fill_month(
    series: Series, month: str, span: tuple[int, int], source: Source, root: Path, form: Format
) -> Iterator[tuple[int, int]]:
    """Yield (time reached, new rows) after every page."""
    known_file = months_of(series, root).get(month)
    names = COLUMNS[series.kind]
    known = {int(row[0]): row for row in read_rows(known_file, names)} if known_file else {}
    path = known_file or series.path(root, month, form)
    unwritten = pages = 0
    for start, end in holes(series, sorted(known), *span):
        at = start
        while at < end:
            until = min(end, at + source.page_ms(series))
            rows = [row for row in source.rows(series, at, until) if int(row[0]) not in known]
            known |= {int(row[0]): row for row in rows}
            unwritten, pages, at = unwritten + len(rows), pages + 1, until
            if unwritten and pages % _WRITE_EVERY == 0:
                write_rows(path, names, [known[ts_ms] for ts_ms in sorted(known)])
                unwritten = 0
            yield until, len(rows)
    if unwritten:
        write_rows(path, names, [known[ts_ms] for ts_ms in sorted(known)])
    yield span[1], 0


def _grid(series: Series, ts_ms: int) -> int:
    """Return the first time of the grid at or after `ts_ms`."""
    if series.kind in (Kind.BARS, Kind.MARK):
        opened = bar_open_ms(ts_ms, series.step)
        return opened if opened == ts_ms else bar_close_ms(opened, series.step)
    step_ms = series.step_ms or 1
    return -(-ts_ms // step_ms) * step_ms


def _next(series: Series, ts_ms: int) -> int:
    if series.kind in (Kind.BARS, Kind.MARK):
        return bar_close_ms(ts_ms, series.step)
    return ts_ms + (series.step_ms or 1)


def stored_rows(series: Series, root: Path, from_ms: int | None, to_ms: int | None) -> list[Row]:
    """Return what is kept of a series in [from_ms, to_ms), ascending. Raises ConfigError where nothing is."""
    months = months_of(series, root)
    rows = [
        row
        for month, path in months.items()
        if _touches(month, from_ms, to_ms)
        for row in read_rows(path, COLUMNS[series.kind])
        if (from_ms is None or int(row[0]) >= from_ms) and (to_ms is None or int(row[0]) < to_ms)
    ]
    if not rows:
        kept = f"{next(iter(months))} to {list(months)[-1]} are kept" if months else "nothing is kept"
        span = f" from {iso_utc(from_ms)}" if from_ms is not None else ""
        raise ConfigError(
            f"{series.folder(root)}: no rows{span}: {kept}; fetch them with whalebot data download "
            f"--symbols {series.symbol}"
        )
    return rows


def _touches(month: str, from_ms: int | None, to_ms: int | None) -> bool:
    begin, end = month_span(month)
    return (to_ms is None or begin < to_ms) and (from_ms is None or end > from_ms)
