"""Publishes the ranked table of a scan every few seconds: looked at by the loop, made by the writer."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from whalebot.decisions.scan.breadth import breadth
from whalebot.decisions.scan.evaluation import Evaluation
from whalebot.decisions.scan.ranking import Cell, Row, rank_rows
from whalebot.decisions.scan.record import SignalRecord
from whalebot.decisions.scan.wording import rationale, tick_decimals
from whalebot.domain.scan_table import TABLE_VERSION, ScanBreadth, ScanLine, ScanTable
from whalebot.scanner.desk import ScanDesk
from whalebot.scanner.outputs import OutputWriter
from whalebot.scanner.table_file import MOST_EVENTS, MOST_LINES, encode_table
from whalebot.scanner.view import rows_of, score_column

EVERY_S: Final = 3.0
"""Real seconds between two tables."""
_SIGNIFICANT: Final = 6


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """Which run it is. `source`: the address asked, `simulated`: of a local exchange. `started_ms`: real."""

    run_id: str
    program: str
    source: str
    simulated: bool
    started_ms: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What the loop saw; nothing in it changes any more."""

    rows: Sequence[Row]
    evaluations: Mapping[str, Evaluation]
    ticks: Mapping[str, Decimal]
    intervals: tuple[str, ...]
    threshold: float
    event_ms: int | None
    written_ms: int
    is_over: bool
    events: tuple[SignalRecord, ...]


class TablePublisher:
    """Hands the newest table to the writer; the loop's thread. `now_ms`: real time, `now_s`: monotonic."""

    def __init__(
        self,
        writer: OutputWriter,
        run: RunIdentity,
        now_ms: Callable[[], int],
        now_s: Callable[[], float],
    ) -> None:
        self._writer = writer
        self._run = run
        self._now_ms = now_ms
        self._now_s = now_s
        self._next_s = -math.inf
        self._events: deque[SignalRecord] = deque(maxlen=MOST_EVENTS)

    def note(self, record: SignalRecord) -> None:
        """Keep an event among the last ones."""
        self._events.appendleft(record)

    def tick(self, desk: ScanDesk) -> None:
        """Publish where it is time; returns at once."""
        now_s = self._now_s()
        if now_s >= self._next_s:
            self._next_s = now_s + EVERY_S
            self.publish(desk)

    def publish(self, desk: ScanDesk, is_over: bool = False) -> None:
        """Publish now; `is_over`: this is the last table of the run."""
        seen, run = self._look(desk, is_over), self._run
        self._writer.publish(lambda: encode_table(table_of(seen, run)))

    def _look(self, desk: ScanDesk, is_over: bool) -> Seen:
        cards = desk.cards.values()
        judged = [card.evaluation for card in cards if card.evaluation is not None]
        quoted = [card.quote.ticker.ts_ms for card in cards]
        return Seen(
            rows=rows_of(desk),
            evaluations={evaluation.symbol: evaluation for evaluation in judged},
            ticks={card.symbol: card.tick_size for card in cards},
            intervals=desk.intervals,
            threshold=desk.settings(desk.base).signal_config.signal_threshold,
            event_ms=max([*quoted, *(evaluation.ts_ms for evaluation in judged)], default=0) or None,
            written_ms=self._now_ms(),
            is_over=is_over,
            events=tuple(self._events),
        )


def table_of(seen: Seen, run: RunIdentity) -> ScanTable:
    """Return the table of what was seen; the last symbols by rank are left out where there is no room."""
    ranked = rank_rows(seen.rows)
    market = breadth(ranked)
    lines = tuple(_line(row, seen) for row in ranked[:MOST_LINES])
    return ScanTable(
        version=TABLE_VERSION,
        program=run.program,
        run_id=run.run_id,
        source=run.source,
        simulated=run.simulated,
        started_ms=run.started_ms,
        written_ms=seen.written_ms,
        event_ms=seen.event_ms,
        ended=seen.is_over,
        interval=seen.intervals[0],
        intervals=seen.intervals,
        threshold=seen.threshold,
        breadth=ScanBreadth(
            market.long, market.short, market.none, _short(market.above_ema), _short(market.median_rsi)
        ),
        left_out=max(0, len(ranked) - MOST_LINES),
        lines=lines,
        weights={e.weight_set: dict(e.weights) for e in seen.evaluations.values()},
        events=tuple(record.as_json() for record in seen.events),
    )


def _line(row: Row, seen: Seen) -> ScanLine:
    symbol = str(row["symbol"])
    evaluation = seen.evaluations.get(symbol)
    frames = len(seen.intervals) > 1
    return ScanLine(
        rank=int(_short(row["rank"]) or 0),
        symbol=symbol,
        status=str(row["status"]),
        signal=str(row["signal"]),
        interval=str(row["interval"]),
        price=_price(row["price"], seen.ticks[symbol]),
        confidence=_text(row["confidence"]),
        age=None if row["age"] is None else int(_short(row["age"]) or 0),
        weight_set=_text(row["weight_set"]),
        scores={name: _short(row[score_column(name)]) for name in seen.intervals} if frames else None,
        confluence=_short(row.get("confluence")) if frames else None,
        **{name: _short(row[name]) for name in _NUMBERS},  # type: ignore[arg-type]
        **(_judged(evaluation) if evaluation is not None else {}),
    )


_NUMBERS: Final = (
    *("change24h", "score", "agreement", "rsi", "natr", "relative_volume", "spread_bps", "imbalance"),
    *("turnover24h", "oi_change1h", "funding"),
)


def _judged(evaluation: Evaluation) -> dict[str, Any]:
    levels = evaluation.levels
    return {
        "rationale": rationale(evaluation),
        "reason": evaluation.reason,
        "judged_ms": evaluation.ts_ms,
        "bar_start_ms": evaluation.bar_start,
        "entry": levels.entry if levels is not None else None,
        "stop": levels.stop if levels is not None else None,
        "target": levels.target if levels is not None else None,
        "votes": dict(evaluation.votes),
        "notes": tuple(evaluation.notes),
    }


def _price(cell: Cell, tick_size: Decimal) -> Decimal | None:
    if not isinstance(cell, float | int):
        return None
    return Decimal(f"{cell:.{tick_decimals(tick_size)}f}")


def _short(cell: Cell) -> float | None:
    """Return a number with as many digits as anybody reads, which keeps the file small."""
    if not isinstance(cell, float | int) or not math.isfinite(cell):
        return None
    return float(f"{cell:.{_SIGNIFICANT}g}")


def _text(cell: Cell) -> str | None:
    return cell if isinstance(cell, str) else None
