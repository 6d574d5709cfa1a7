"""What is wrong with kept or given market history: every finding with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from whalebot.adapters.feeds.numbers import BadNumber, scale
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import bar_close_ms, bar_open_ms, interval_ms, iso_utc
from whalebot.research.store.layout import Kind, Series
from whalebot.research.store.tables import Row

OUTLIER_SIGMAS: Final = 10.0
ZERO_RUN: Final = 30
"""Bars without volume in a row from which on the market is held to have stood still."""
_MAD_TO_SIGMA: Final = 1.4826
_SECONDS_BEFORE: Final = 100_000_000_000
_MICROSECONDS_FROM: Final = 100_000_000_000_000
_MOST_SHOWN: Final = 20
_LONGEST_FUNDING_MS: Final = 8 * 3_600_000

_Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. `kind` is a stable word; `ts_ms` its time, ms UTC; `text` is for people."""

    kind: str
    ts_ms: int
    text: str


def verify_rows(series: Series, rows: Sequence[Row], place: Path) -> list[Finding]:
    """Return everything that is wrong with the rows of a series, in order of kind and time.

    Raises ConfigError, naming `place`, for rows that cannot be of such a series at all: times that are no ms,
    descending order, texts that are no numbers.
    """
    times = _times(rows, place)
    findings = list(_duplicates(times))
    kept = np.concatenate(([True], np.diff(times) > 0))
    findings += _disorder(times)
    if series.step_ms is not None:
        findings += _off_grid(series, times)
    findings += _gaps(series, np.unique(times))
    if series.kind in (Kind.BARS, Kind.MARK):
        bars = [row for row, is_kept in zip(rows, kept, strict=True) if is_kept]
        findings += _bad_bars(series, bars, place)
    return findings


def summary(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield a line a finding, not more than twenty of a kind, then how many there are of each kind."""
    counts: dict[str, int] = {}
    for found in findings:
        counts[found.kind] = counts.get(found.kind, 0) + 1
        if counts[found.kind] <= _MOST_SHOWN:
            yield f"{found.kind}: {iso_utc(found.ts_ms)}: {found.text}"
    for kind, count in counts.items():
        if count > _MOST_SHOWN:
            yield f"{kind}: and {count - _MOST_SHOWN} more"


def _times(rows: Sequence[Row], place: Path) -> _Times:
    try:
        times = np.array([int(row[0]) for row in rows], dtype=np.int64)
    except (ValueError, OverflowError):
        raise ConfigError(f"{place}: a timestamp is no whole number; expected ms since 1970, UTC") from None
    if not len(times):
        raise ConfigError(f"{place}: no rows in it")
    first = int(times[0])
    if not _SECONDS_BEFORE <= first < _MICROSECONDS_FROM:
        unit = "seconds" if first < _SECONDS_BEFORE else "microseconds or finer"
        raise ConfigError(f"{place}: timestamp {first} looks like {unit}; expected ms since 1970, UTC")
    if len(times) > 1 and (np.diff(times) < 0).mean() > 0.5:
        raise ConfigError(
            f"{place}: rows descend ({iso_utc(first)} comes before {iso_utc(int(times[1]))}); expected the "
            f"oldest first: sort the file by timestamp"
        )
    return times


def _duplicates(times: _Times) -> Iterator[Finding]:
    found, counts = np.unique(times, return_counts=True)
    for ts_ms, count in zip(found[counts > 1].tolist(), counts[counts > 1].tolist(), strict=True):
        yield Finding("duplicate", ts_ms, f"there {count} times")


def _disorder(times: _Times) -> Iterator[Finding]:
    for at in np.flatnonzero(np.diff(times) < 0).tolist():
        before = iso_utc(int(times[at]))
        yield Finding("disorder", int(times[at + 1]), f"row {at + 2} comes after {before}")


def _off_grid(series: Series, times: _Times) -> Iterator[Finding]:
    opens = _open_of(series)
    for ts_ms in times.tolist():
        if opens(ts_ms) != ts_ms:
            yield Finding("off_grid", ts_ms, f"no row of step {series.step} begins there")


def _gaps(series: Series, times: _Times) -> Iterator[Finding]:
    if series.step_ms is None:
        for at in np.flatnonzero(np.diff(times) > _LONGEST_FUNDING_MS).tolist():
            hours = (times[at + 1] - times[at]) / 3_600_000
            yield Finding(
                "gap", int(times[at]), f"no settlement for {hours:g} h after it; expected 8 h at most"
            )
        return
    following = _following(series)
    step_ms = series.step_ms
    for at in np.flatnonzero(np.diff(times) > step_ms).tolist():
        begin, end = following(int(times[at])), int(times[at + 1])
        if end > begin:
            missing = max(1, round((end - begin) / step_ms))
            yield Finding("gap", begin, f"{missing} rows are missing, up to {iso_utc(end)}")


def _bad_bars(series: Series, rows: Sequence[Row], place: Path) -> Iterable[Finding]:
    try:
        prices = scale([[row[column] for row in rows] for column in range(1, 5)])
        volumes = scale([[row[5] or "0" for row in rows]]).columns[0]
    except BadNumber as error:
        raise ConfigError(
            f"{place}: row {error.row + 1}: {error.text[:40]!r} is no number; expected decimal numbers"
        ) from None
    times = np.array([int(row[0]) for row in rows], dtype=np.int64)
    open_, high, low, close = prices.columns
    yield from _impossible(times, open_, high, low, close)
    if series.kind is Kind.BARS and any(row[5] for row in rows):
        yield from _standstills(series, times, volumes)
    if (close > 0).all():
        yield from _outliers(series, times, close.astype(np.float64))


def _impossible(times: _Times, open_: _Times, high: _Times, low: _Times, close: _Times) -> Iterator[Finding]:
    wrong = (high < np.maximum(open_, close)) | (low > np.minimum(open_, close)) | (low <= 0)
    for at in np.flatnonzero(wrong).tolist():
        yield Finding("impossible", int(times[at]), "expected 0 < low <= open, close <= high")


def _standstills(series: Series, times: _Times, volume: _Times) -> Iterator[Finding]:
    still = np.concatenate(([0], (volume == 0).astype(np.int8), [0]))
    edges = np.flatnonzero(np.diff(still))
    for begin, end in edges.reshape(-1, 2).tolist():
        if end - begin >= ZERO_RUN:
            until = iso_utc(bar_close_ms(int(times[end - 1]), series.step))
            yield Finding(
                "zero_volume", int(times[begin]), f"{end - begin} bars without volume, up to {until}"
            )


def _outliers(series: Series, times: _Times, close: NDArray[np.float64]) -> Iterator[Finding]:
    """Moves from close to next close; sigma is 1.4826 times the median absolute deviation."""
    is_next = np.diff(times) <= interval_ms(series.step) * (1.04 if series.step == "M" else 1)
    moves = np.diff(np.log(close))
    usual = moves[is_next]
    if len(usual) < ZERO_RUN:
        return
    middle = float(np.median(usual))
    sigma = _MAD_TO_SIGMA * float(np.median(np.abs(usual - middle)))
    if sigma <= 0:
        return
    for at in np.flatnonzero(is_next & (np.abs(moves - middle) > OUTLIER_SIGMAS * sigma)).tolist():
        far = abs(float(moves[at]) - middle) / sigma
        share = float(np.expm1(moves[at])) * 100
        yield Finding("outlier", int(times[at + 1]), f"close moved {share:+.2f} %, {far:.1f} robust sigma")


def _open_of(series: Series) -> Callable[[int], int]:
    if series.kind in (Kind.BARS, Kind.MARK):
        return lambda ts_ms: bar_open_ms(ts_ms, series.step)
    step_ms = series.step_ms or 1
    return lambda ts_ms: ts_ms // step_ms * step_ms


def _following(series: Series) -> Callable[[int], int]:
    if series.kind in (Kind.BARS, Kind.MARK):
        return lambda ts_ms: bar_close_ms(ts_ms, series.step)
    step_ms = series.step_ms or 1
    return lambda ts_ms: ts_ms + step_ms
