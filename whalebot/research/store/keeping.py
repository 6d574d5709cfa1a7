"""Takes rows of a file into the months of a series."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import iso_utc
from whalebot.research.store.layout import COLUMNS, Format, Series, month_of, months_of
from whalebot.research.store.tables import Row, read_rows, write_rows
from whalebot.research.store.verify import verify_rows

_REFUSED = ("duplicate", "disorder", "off_grid", "impossible")


def keep(series: Series, rows: Sequence[Row], root: Path, form: Format, place: Path) -> int:
    """Put rows into their months; return how many are new. What is kept already stays as it is.

    Gaps and outliers are taken as they are: the market may have been so. Raises ConfigError, naming `place`,
    for rows that cannot be right.
    """
    wrong = [found for found in verify_rows(series, rows, place) if found.kind in _REFUSED]
    if wrong:
        first = wrong[0]
        raise ConfigError(
            f"{place}: {first.kind} at {iso_utc(first.ts_ms)}: {first.text} ({len(wrong)} such rows); "
            "mend the file, or look at it with whalebot data verify FILE"
        )
    by_month: dict[str, list[Row]] = {}
    for row in rows:
        by_month.setdefault(month_of(int(row[0])), []).append(row)
    return sum(_keep_month(series, month, part, root, form, place) for month, part in by_month.items())


def _keep_month(
    series: Series, month: str, rows: Sequence[Row], root: Path, form: Format, place: Path
) -> int:
    names = COLUMNS[series.kind]
    known_file = months_of(series, root).get(month)
    known = {int(row[0]): row for row in read_rows(known_file, names)} if known_file else {}
    new = [row for row in rows if int(row[0]) not in known]
    if new:
        known |= {int(row[0]): row for row in new}
        path = known_file or series.path(root, month, form)
        write_rows(path, names, [known[ts_ms] for ts_ms in sorted(known)])
    return len(new)
