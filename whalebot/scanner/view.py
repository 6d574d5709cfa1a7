"""What is shown of the scan at one moment: the rows, chosen and ordered as asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from whalebot.decisions.scan.breadth import confluence
from whalebot.decisions.scan.evaluation import Direction
from whalebot.decisions.scan.filtering import Filter
from whalebot.decisions.scan.ranking import COLUMNS, DEFAULT_COLUMNS, Row, rank_rows, row_of, sort_rows
from whalebot.decisions.scan.settings import longest_warm_up
from whalebot.scanner.desk import ScanDesk
from whalebot.scanner.lane import Phase, SymbolCard


@dataclass(frozen=True, slots=True)
class TableQuery:
    """Which rows, in which order, with which columns. `sort` "" is the default rank; `top` None: all."""

    sort: str = ""
    ascending: bool = False
    filter: Filter | None = None
    top: int | None = None
    columns: tuple[str, ...] = DEFAULT_COLUMNS

    def apply(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows asked for; the rank is that of all of them."""
        ranked = rank_rows(rows)
        if self.sort:
            ranked = sort_rows(ranked, self.sort, ascending=self.ascending)
        if self.filter is not None:
            ranked = [row for row in ranked if self.filter.matches(row)]
        return ranked if self.top is None else ranked[: self.top]


def rows_of(desk: ScanDesk) -> list[Row]:
    """Return the row of every symbol, those that are not judged yet with their status alone."""
    return [_row(desk, card) for card in desk.cards.values()]


def columns_of(desk: ScanDesk, columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns to show: with several intervals a score for each, and the confluence."""
    if len(desk.intervals) < 2:
        return tuple(columns)
    frames = (*(score_column(interval) for interval in desk.intervals), "confluence")
    shown = [name for name in columns if name != "confluence"]
    at = shown.index("score") + 1 if "score" in shown else len(shown)
    return (*shown[:at], *frames, *shown[at:])


def score_column(interval: str) -> str:
    """Return the name of the column with the score of one interval."""
    return f"score_{interval}"


def title_of(column: str) -> str:
    """Return the heading of a column."""
    known = COLUMNS.get(column)
    return known.title if known is not None else column.replace("score_", "Score ")


def status_of(desk: ScanDesk, card: SymbolCard) -> str:
    """Return the status of a row: live, stale, closed, failed, waiting, warming up (n/m)..."""
    if card.phase is Phase.CLOSED:
        return "closed"
    if card.phase is Phase.WAITING:
        return "failed" if card.failures else "waiting"
    bars, needed = len(card.lanes[desk.base].store), longest_warm_up(desk.settings(desk.base))
    if bars < needed:
        return f"warming up ({bars}/{needed})"
    if card.lanes[desk.base].is_filling:
        return "filling"
    return "stale" if desk.is_stale(card) else "live"


def _row(desk: ScanDesk, card: SymbolCard) -> Row:
    status, evaluation = status_of(desk, card), card.evaluation
    if evaluation is None:
        row: Row = dict.fromkeys(COLUMNS)
        row |= {
            "symbol": card.symbol,
            "status": status,
            "signal": Direction.NONE.value,
            "interval": desk.base,
        }
    else:
        age = desk.announcer.age_bars(card.symbol, desk.base, evaluation.bar_start)
        row = row_of(evaluation, card.quote.facts(), status, age)
        price = card.quote.price
        if price is not None:
            row["price"] = float(price)
    if len(desk.intervals) > 1:
        scores = {name: lane.score for name, lane in card.lanes.items()}
        row |= {score_column(interval): score for interval, score in scores.items()}
        row["confluence"] = confluence(scores, desk.settings(desk.base).frame_weights)
    return row
