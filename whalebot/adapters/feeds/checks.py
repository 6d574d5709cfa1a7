"""What bars of a file must be: ascending in ms, on a grid, with a high and a low that are such."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from whalebot.adapters.feeds.bar_file import Ints
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import DAY_MS, INTERVALS, bar_close_ms, bar_open_ms, interval_ms, iso_utc

# 2000-01-01 and 2100-01-01: seconds since 1970 lie far below the first, microseconds far above the second.
_EARLIEST_MS: Final = 946_684_800_000
_LATEST_MS: Final = 4_102_444_800_000


def check_times(path: Path, times: Ints) -> None:
    """Raise ConfigError for times that are no ms, descend or come twice."""
    first, last = int(times[0]), int(times[-1])
    if not _EARLIEST_MS <= first < _LATEST_MS:
        for name, factor in (("seconds", 1000), ("microseconds", 1e-3), ("nanoseconds", 1e-6)):
            if _EARLIEST_MS <= first * factor < _LATEST_MS:
                raise ConfigError(f"{path}: timestamp {first} looks like {name}; expected ms since 1970, UTC")
        raise ConfigError(f"{path}: timestamp {first} is no time between 2000 and 2100; expected ms, UTC")
    # Compared, not subtracted: the distance of two hostile numbers may not fit into 64 bits.
    if (times[1:] < times[:-1]).any():
        at = int(np.flatnonzero(times[1:] < times[:-1])[0])
        where = f"row {at + 2}: {times[at + 1]} comes after {times[at]}"
        raise ConfigError(f"{path}: {where}; expected bars in ascending order: sort the file by timestamp")
    if last >= _LATEST_MS:
        raise ConfigError(f"{path}: timestamp {last} is no time between 2000 and 2100; expected ms, UTC")
    steps = np.diff(times)
    if (steps == 0).any():
        at = int(np.flatnonzero(steps == 0)[0])
        raise ConfigError(f"{path}: row {at + 2}: {times[at]} is there twice; expected one row a bar")


def grid_of(path: Path, times: Ints) -> tuple[str, list[tuple[int, int, int]]]:
    """Return the interval and the holes (start_ms, end_ms, bars). Raises ConfigError off any grid."""
    interval = _interval(path, times)
    expected = _closes(times, interval)
    opens = _opens(times, interval)
    if (opens != times).any():
        at = int(np.flatnonzero(opens != times)[0])
        raise ConfigError(
            f"{path}: row {at + 1}: {times[at]} ({iso_utc(int(times[at]))}) is no open of an interval of "
            f"{interval!r}; expected every bar on the UTC grid"
        )
    at_gaps = np.flatnonzero(times[1:] > expected[:-1]).tolist()
    length = interval_ms(interval)
    holes = [(int(expected[i]), int(times[i + 1])) for i in at_gaps]
    return interval, [(start, end, max(round((end - start) / length), 1)) for start, end in holes]


def check_rows(path: Path, times: Ints, prices: tuple[Ints, Ints, Ints, Ints], volume: Ints) -> None:
    """Raise ConfigError for bars whose high, low or volume cannot be."""
    open_, high, low, close = prices
    problems = (
        (low <= 0, "a price is not above zero"),
        (high < low, "high is below low"),
        ((high < open_) | (high < close), "high is not the highest price"),
        ((low > open_) | (low > close), "low is not the lowest price"),
        (volume < 0, "volume is negative"),
    )
    for wrong, what in problems:
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise ConfigError(
                f"{path}: row {at + 1} ({iso_utc(int(times[at]))}): {what}; "
                f"expected low <= open, close <= high and volume >= 0"
            )


def _interval(path: Path, times: Ints) -> str:
    """The commonest distance of two bars names the interval; months are told by their days."""
    if len(times) < 2:
        raise ConfigError(f"{path}: one bar alone shows no interval; expected at least two bars")
    steps, counts = np.unique(np.diff(times), return_counts=True)
    step = int(steps[counts.argmax()])
    for name in INTERVALS:
        if interval_ms(name) == step and name != "M":
            return name
    if step % DAY_MS == 0 and 28 <= step // DAY_MS <= 31:
        return "M"
    names = ", ".join(INTERVALS)
    raise ConfigError(
        f"{path}: bars are {step} ms apart (row 1 opens at {iso_utc(int(times[0]))}); expected one of the "
        f"venue's intervals: {names} (minutes, D, W, M)"
    )


def _opens(times: Ints, interval: str) -> Ints:
    if interval == "M":
        return np.array([bar_open_ms(int(t), interval) for t in times], dtype=np.int64)
    length = interval_ms(interval)
    base = bar_open_ms(int(times[0]), interval) % length
    return np.asarray((times - base) // length * length + base, dtype=np.int64)


def _closes(times: Ints, interval: str) -> Ints:
    if interval == "M":
        return np.array([bar_close_ms(int(t), interval) for t in times], dtype=np.int64)
    return np.asarray(times + interval_ms(interval), dtype=np.int64)
