"""The tables of one symbol as the console shows them: its signal, its indicators."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from whalebot.decisions.scan.evaluation import Direction, Evaluation
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.decisions.scan.wording import (
    IndicatorRow,
    indicator_rows,
    interval_label,
    price_text,
    rationale,
)

if TYPE_CHECKING:
    from rich.table import Table

SIGNAL_COLUMNS: Final = ("Entry", "Stop-Loss", "Take-Profit", "Confidence", "Score", "Rationale")
INDICATOR_COLUMNS: Final = ("Indicator", "Value", "Status", "Vote")
VOTE_STYLES: Final = {"long": "green", "short": "red", "neutral": "yellow"}
DIRECTION_STYLES: Final = {Direction.LONG: "green", Direction.SHORT: "red", Direction.NONE: "yellow"}


def title_of_signal(evaluation: Evaluation) -> str:
    """Return the title of a signal's table."""
    label = interval_label(evaluation.interval)
    return f"{evaluation.signal.value} signal for {evaluation.symbol} ({label})"


def no_signal_line(evaluation: Evaluation) -> str:
    """Return the line of a symbol without a signal."""
    label = interval_label(evaluation.interval)
    reason = f" ({evaluation.reason})" if evaluation.reason else ""
    return f"no trading signal for {evaluation.symbol} ({label}) at this time{reason}"


def signal_cells(evaluation: Evaluation, tick_size: Decimal) -> tuple[str, ...]:
    """Return the row of a signal's table."""
    levels = evaluation.levels
    prices = ("–", "–", "–")
    if levels is not None:
        prices = (
            price_text(levels.entry, tick_size),
            price_text(levels.stop, tick_size),
            price_text(levels.target, tick_size),
        )
    return (*prices, evaluation.confidence.value, f"{evaluation.score:.2f}", rationale(evaluation))


def signal_table(evaluation: Evaluation, tick_size: Decimal, is_narrow: bool = False) -> Table:
    """Return the table of a standing signal; a narrow one has its rationale underneath."""
    from rich.box import HEAVY_HEAD, SIMPLE_HEAD
    from rich.table import Table

    style = DIRECTION_STYLES[evaluation.signal]
    *cells, rationale_text = signal_cells(evaluation, tick_size)
    table = Table(
        title=title_of_signal(evaluation),
        title_style=f"bold {style}",
        title_justify="left",
        box=SIMPLE_HEAD if is_narrow else HEAVY_HEAD,
        caption=rationale_text if is_narrow else None,
        caption_justify="left",
    )
    for name in SIGNAL_COLUMNS[:-1] if is_narrow else SIGNAL_COLUMNS:
        table.add_column(name, justify="left" if name in ("Confidence", "Rationale") else "right")
    table.add_row(*cells, *(() if is_narrow else (rationale_text,)), style=style)
    return table


def indicator_table(
    evaluation: Evaluation, settings: ScanSettings, tick_size: Decimal, stale: bool, is_narrow: bool = False
) -> Table:
    """Return the table of a symbol's indicators; a narrow one has no lines."""
    from rich.box import HEAVY_HEAD, SIMPLE_HEAD
    from rich.table import Table

    label = interval_label(evaluation.interval)
    title = f"Indicators of {evaluation.symbol} ({label})"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD if is_narrow else HEAVY_HEAD)
    for name in INDICATOR_COLUMNS:
        table.add_column(name, justify="right" if name in ("Value", "Vote") else "left")
    rows: Sequence[IndicatorRow] = indicator_rows(evaluation, settings, tick_size, stale=stale)
    for row in rows:
        vote = "–" if row.vote is None else f"{row.vote:+d}" if row.vote else "0"
        table.add_row(row.row, row.value, row.status, vote, style=VOTE_STYLES.get(row.style))
    return table
