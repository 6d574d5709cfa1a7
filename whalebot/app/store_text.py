"""What the `data` command says: how far a download is, what is kept."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from whalebot.domain.intervals import iso_utc
from whalebot.research.store.download import Progress
from whalebot.research.store.layout import COLUMNS, Series, months_of
from whalebot.research.store.tables import read_rows


@contextmanager
def shown_progress(quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Show a bar for each series on a terminal, nothing elsewhere: a log wants lines, not bars."""
    if quiet or not sys.stderr.isatty():
        yield _say_nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} % {task.fields[rows]} new rows"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks = {}

        def show(progress: Progress) -> None:
            name = f"{progress.series.symbol} {progress.series.name}"
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=progress.whole_ms, rows=0)
            bars.update(tasks[name], completed=progress.done_ms, rows=progress.rows)

        yield show


def line_of(series: Series, root: Path) -> str:
    """Return what is kept of one series. Raises ConfigError for a file that cannot be read."""
    months = months_of(series, root)
    names, rows, size = COLUMNS[series.kind], 0, 0
    first = last = ""
    for path in months.values():
        found = read_rows(path, names)
        rows, size = rows + len(found), size + path.stat().st_size
        if found:
            first, last = first or found[0][0], found[-1][0]
    span = f"{_minute(first)} .. {_minute(last)}" if first else "empty"
    return f"{series.symbol:<14} {series.name:<22} {span:<38} {rows:>9} rows {size / 1024:>9.0f} KiB"


def _minute(text: str) -> str:
    return iso_utc(int(text))[:16].replace("T", " ")


def _say_nothing(_: Progress) -> None:
    """A log wants lines, not bars."""
