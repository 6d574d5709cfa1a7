"""Downloads: complete whatever interrupts them, nothing asked twice, nothing doubled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from whalebot.domain.errors import ConfigError
from whalebot.research.store.download import download, holes, missing_beginning, stored_rows
from whalebot.research.store.layout import COLUMNS, Format, Kind, Series, month_span, months_of, series_in
from whalebot.research.store.tables import Row, read_rows, write_rows

HOUR = 3_600_000
FROM = month_span("2025-01")[0]
BARS = Series("BTCUSDT", Kind.BARS, "60")


class Killed(BaseException):
    """What a kill looks like from inside."""


class Venue:
    """A source of hourly rows; `absent` hours never existed; it dies after `lives` pages."""

    def __init__(self, absent: frozenset[int] = frozenset(), lives: int = 1_000_000) -> None:
        self.absent = absent
        self.lives = lives
        self.asked: list[tuple[int, int]] = []

    def rows(self, series: Series, start_ms: int, end_ms: int) -> Sequence[Row]:
        """Return the rows of a span."""
        self.asked.append((start_ms, end_ms))
        assert end_ms - start_ms <= self.page_ms(series)
        if len(self.asked) > self.lives:
            raise Killed
        first = -(-start_ms // HOUR)
        hours = [h for h in range(first, -(-end_ms // HOUR)) if h not in self.absent]
        return [(str(h * HOUR), "1.50", "2", "1", "1.75", "0.001") for h in hours]

    def page_ms(self, series: Series) -> int:
        """Return ten hours."""
        return 10 * HOUR


def whole(hours: int, absent: frozenset[int] = frozenset()) -> list[int]:
    """Return the times of all hours that exist."""
    return [FROM + n * HOUR for n in range(hours) if FROM // HOUR + n not in absent]


def times(root: Path) -> list[int]:
    """Return the times that are kept, in the order of the files."""
    return [int(row[0]) for row in stored_rows(BARS, root, None, None)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hours=st.integers(1, 900),
    gaps=st.sets(st.integers(0, 900), max_size=40),
    lives=st.lists(st.integers(0, 40), max_size=4),
    number=st.integers(0, 10**9),
)
def test_a_download_killed_at_any_page_ends_complete(
    tmp_path: Path, hours: int, gaps: set[int], lives: list[int], number: int
) -> None:
    root = tmp_path / str(number) / str(hours)
    absent = frozenset(FROM // HOUR + gap for gap in gaps)
    to_ms = FROM + hours * HOUR
    for limit in lives:
        try:
            download(BARS, FROM, to_ms, Venue(absent, limit), root, Format.CSV)
        except Killed:
            continue
    download(BARS, FROM, to_ms, Venue(absent), root, Format.CSV)
    expected = whole(hours, absent)
    if expected:
        assert times(root) == expected
    again = Venue(absent)
    assert download(BARS, FROM, to_ms, again, root, Format.CSV) == 0
    # Only what does not exist is asked for again.
    assert sum(end - start for start, end in again.asked) == (hours - len(expected)) * HOUR


def test_an_unfinished_month_is_written_on_the_way(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        download(BARS, FROM, FROM + 700 * HOUR, Venue(lives=45), tmp_path, Format.CSV)
    assert times(tmp_path) == whole(400)


def test_a_beginning_that_the_venue_does_not_have_is_told(tmp_path: Path) -> None:
    to_ms = FROM + 1500 * HOUR
    young = Venue(frozenset(range(FROM // HOUR, FROM // HOUR + 1000)))
    assert (
        missing_beginning(BARS, FROM, to_ms, tmp_path) == "no rows, asked from 2025-01-01T00:00:00.000+00:00"
    )
    download(BARS, FROM, to_ms, young, tmp_path, Format.CSV)
    told = "first row 2025-02-11T16:00:00.000+00:00, asked from 2025-01-01T00:00:00.000+00:00"
    assert missing_beginning(BARS, FROM, to_ms, tmp_path) == told
    assert missing_beginning(BARS, FROM + 1000 * HOUR - 1, to_ms, tmp_path) is None


def test_an_earlier_beginning_fetches_only_what_is_earlier(tmp_path: Path) -> None:
    download(BARS, FROM + 20 * HOUR, FROM + 40 * HOUR, Venue(), tmp_path, Format.CSV)
    venue = Venue()
    assert download(BARS, FROM, FROM + 40 * HOUR, venue, tmp_path, Format.CSV) == 20
    assert max(end for _, end in venue.asked) == FROM + 20 * HOUR
    assert times(tmp_path) == whole(40)


def test_funding_is_asked_where_settlements_are_more_than_eight_hours_apart() -> None:
    funding = Series("BTCUSDT", Kind.FUNDING)
    known = [0, 8 * HOUR, 9 * HOUR, 24 * HOUR]
    spans = holes(funding, known, 0, 40 * HOUR)
    assert spans == [(9 * HOUR + 1, 24 * HOUR), (24 * HOUR + 1, 40 * HOUR)]


_DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**12, places=9).map(
    lambda value: f"{value:f}"
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.tuples(_DECIMALS, _DECIMALS), min_size=1), form=st.sampled_from(Format))
def test_decimals_are_kept_exactly_in_both_forms(
    tmp_path: Path, values: list[tuple[str, str]], form: Format
) -> None:
    from decimal import Decimal

    names = COLUMNS[Kind.RATIO]
    path = tmp_path / f"2025-01{form.value}"
    rows = [(str(FROM + n), *pair) for n, pair in enumerate(values)]
    write_rows(path, names, rows)
    found = read_rows(path, names)
    assert [row[0] for row in found] == [row[0] for row in rows]
    assert [tuple(map(Decimal, row[1:])) for row in found] == [tuple(map(Decimal, row[1:])) for row in rows]


def test_equal_rows_make_equal_bytes(tmp_path: Path) -> None:
    for form in Format:
        files = [tmp_path / f"{name}{form.value}" for name in ("a", "b")]
        for file in files:
            write_rows(file, COLUMNS[Kind.FUNDING], [(str(FROM), "0.0001")])
        assert files[0].read_bytes() == files[1].read_bytes()


def test_without_pyarrow_the_extra_and_csv_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"extra research.*--format csv"):
        download(BARS, FROM, FROM + 5 * HOUR, Venue(), tmp_path, Format.PARQUET)
    assert download(BARS, FROM, FROM + 5 * HOUR, Venue(), tmp_path, Format.CSV) == 5


def test_months_and_series_are_found_again(tmp_path: Path) -> None:
    download(BARS, FROM, FROM + 800 * HOUR, Venue(), tmp_path, Format.CSV)
    assert list(series_in(tmp_path)) == [BARS]
    assert list(months_of(BARS, tmp_path)) == ["2025-01", "2025-02"]
    with pytest.raises(ConfigError, match="2025-01 to 2025-02 are kept"):
        stored_rows(BARS, tmp_path, month_span("2025-06")[0], None)
