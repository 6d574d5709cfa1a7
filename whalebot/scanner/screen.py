"""The live table as a picture: what is on it, what was asked of it, what changed a moment ago."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from whalebot.decisions.scan.breadth import breadth
from whalebot.decisions.scan.evaluation import Evaluation
from whalebot.decisions.scan.filtering import parse_filter
from whalebot.decisions.scan.queries import ScanQueryError
from whalebot.decisions.scan.ranking import Row
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.scanner.printing import cell_text, fitting
from whalebot.scanner.tables import indicator_table, no_signal_line, signal_table
from whalebot.scanner.view import TableQuery, title_of

if TYPE_CHECKING:
    from rich.console import RenderableType

HIGHLIGHT_S: Final = 2.0
RECENT: Final = 10
SORTS: Final = (
    "",
    "score",
    "change24h",
    "turnover24h",
    "rsi",
    "natr",
    "relative_volume",
    "funding",
    "symbol",
)
"""What the key s goes through; "" is the default rank."""
_FRAME_ROWS: Final = 3
_WIDE: Final = 120
"""Below so many columns a detail leaves out its lines and puts the rationale under the table."""
_WIDTHS: Final = {
    "rank": 3, "symbol": 12, "price": 10, "change24h": 6, "signal": 6, "score": 5, "confidence": 10,
    "agreement": 9, "age": 10, "rsi": 5, "stoch_k": 10, "natr": 6, "relative_volume": 11, "ema_distance": 9,
    "r1_distance": 8, "s1_distance": 8, "spread_bps": 10, "imbalance": 9, "turnover24h": 12,
    "oi_change1h": 7, "funding": 9, "weight_set": 15, "status": 8, "bandwidth": 9, "armed": 13,
    "confluence": 10, "depth_10bps": 12,
}  # fmt: skip
_SIGNAL_STYLES: Final = {"Long": "green", "Short": "red"}
_COLOURED: Final = frozenset({"signal", "score"})
"""A whole row in red would look like an alarm: only the judgement itself is coloured."""


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """Everything the screen may need of the scan at one moment."""

    rows: Sequence[Row]
    columns: tuple[str, ...]
    ticks: Mapping[str, Decimal]
    evaluations: Mapping[str, Evaluation]
    stale: frozenset[str]
    settings: ScanSettings
    header: str
    footer: str
    recent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScreenState:
    """What the keys have asked for. `typing` is the filter being written, None outside of it."""

    query: TableQuery
    filter_text: str = ""
    typing: str | None = None
    message: str = ""
    cursor: int = 0
    detail: str | None = None
    is_paused: bool = False
    alerts_on: bool = True
    wants_quit: bool = False


def after_key(state: ScreenState, key: str, shown: Sequence[str]) -> ScreenState:
    """Return the state after a key; `shown` are the symbols on the screen, top to bottom."""
    if state.typing is not None:
        return _after_typing(state, key)
    if key in ("q", "Q"):
        return replace(state, wants_quit=True)
    if key in ("s", "S"):
        at = SORTS.index(state.query.sort) if state.query.sort in SORTS else 0
        step = 1 if key == "s" else -1
        sort = SORTS[(at + step) % len(SORTS)]
        return replace(state, query=replace(state.query, sort=sort), message=f"sorted by {sort or 'rank'}")
    if key in ("/", "f"):
        return replace(state, typing=state.filter_text, detail=None)
    if key == "p":
        return replace(state, is_paused=not state.is_paused)
    if key == "a":
        on = not state.alerts_on
        return replace(state, alerts_on=on, message=f"alerts {'on' if on else 'off'}")
    if key in ("down", "j", "up", "k"):
        cursor = state.cursor + (1 if key in ("down", "j") else -1)
        return replace(state, cursor=max(0, min(cursor, len(shown) - 1)))
    if key == "enter":
        found = shown[min(state.cursor, len(shown) - 1)] if shown else None
        return replace(state, detail=None if state.detail else found)
    return replace(state, detail=None, message="") if key == "escape" else state


def _after_typing(state: ScreenState, key: str) -> ScreenState:
    text = state.typing or ""
    if key == "escape":
        return replace(state, typing=None, message="")
    if key == "backspace":
        return replace(state, typing=text[:-1])
    if key != "enter":
        return replace(state, typing=text + key) if len(key) == 1 and key.isprintable() else state
    try:
        chosen = parse_filter(text) if text.strip() else None
    except ScanQueryError as error:
        return replace(state, message=str(error))
    query = replace(state.query, filter=chosen)
    return replace(state, query=query, filter_text=text, typing=None, message="", cursor=0)


@dataclass(slots=True)
class Changes:
    """Remembers what each cell said and since when."""

    _cells: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)

    def is_new(self, symbol: str, column: str, text: str, now_s: float) -> bool:
        """Tell whether a cell changed less than two seconds ago; its first word is no change."""
        key = (symbol, column)
        known = self._cells.get(key)
        if known is None or known[0] != text:
            self._cells[key] = (text, now_s if known is not None else now_s - HIGHLIGHT_S)
        return now_s - self._cells[key][1] < HIGHLIGHT_S


def picture(
    frame: LiveFrame, state: ScreenState, size: tuple[int, int], changes: Changes, now_s: float
) -> tuple[RenderableType, list[str]]:
    """Return the picture for `size` (columns, lines), and the symbols on it, top to bottom."""
    from rich.console import Group
    from rich.text import Text

    width, height = size
    lines: list[RenderableType] = [Text(frame.header, style="bold", no_wrap=True, overflow="ellipsis")]
    lines.append(Text(breadth_line(frame.rows), style="cyan", no_wrap=True, overflow="ellipsis"))
    chosen = state.query.apply(frame.rows)
    shown: list[str] = []
    if state.detail is not None:
        lines.append(_detail(frame, state.detail, width < _WIDE))
    else:
        recent = frame.recent[-min(RECENT, max(0, height // 4)) :] if frame.recent else ()
        room = max(height - len(lines) - len(recent) - _FRAME_ROWS - (1 if recent else 0), 1)
        first = max(0, min(state.cursor - room + 1, len(chosen) - room)) if state.cursor >= room else 0
        part = chosen[first : first + room]
        shown = [str(row["symbol"]) for row in chosen]
        lines.append(_ranking(frame, part, state.cursor - first, width, changes, now_s))
        if recent:
            lines.append(Text("last signals", style="bold"))
            lines += [Text(line, no_wrap=True, overflow="ellipsis") for line in recent]
    lines.append(Text(_bottom(frame, state, len(chosen)), style="dim", no_wrap=True, overflow="ellipsis"))
    return Group(*lines), shown


def breadth_line(rows: Sequence[Row]) -> str:
    """Return the breadth of the market as a line."""
    found = breadth(rows)
    above = "–" if found.above_ema is None else f"{found.above_ema:.0%}"
    rsi = "–" if found.median_rsi is None else f"{found.median_rsi:.1f}"
    return f"Long {found.long}  Short {found.short}  none {found.none}  above EMA {above}  median RSI {rsi}"


def _ranking(
    frame: LiveFrame, rows: Sequence[Row], cursor: int, width: int, changes: Changes, now_s: float
) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    widths = {name: max(_WIDTHS.get(name, 10), 5) for name in frame.columns}
    widths["symbol"] = max(_WIDTHS["symbol"], *(len(str(row["symbol"])) for row in frame.rows), 0)
    columns = fitting(frame.columns, widths, width, gap=1)
    table = Table(box=None, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False, header_style="bold")
    for name in columns:
        is_text = name in ("symbol", "signal", "confidence", "weight_set", "status")
        table.add_column(
            title_of(name), justify="left" if is_text else "right", no_wrap=True, width=widths[name]
        )
    for number, row in enumerate(rows):
        symbol = str(row["symbol"])
        style = _SIGNAL_STYLES.get(str(row["signal"]), "")
        cells = []
        for name in columns:
            text = cell_text(name, row.get(name), frame.ticks.get(symbol))
            is_new = changes.is_new(symbol, name, text, now_s) and name != "rank"
            colour = style if name in _COLOURED else ""
            cells.append(Text(text, style=f"bold {colour}" if is_new else colour))
        table.add_row(*cells, style="underline" if number == cursor else "")
    return table


def _detail(frame: LiveFrame, symbol: str, is_narrow: bool) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    evaluation, tick = frame.evaluations.get(symbol), frame.ticks.get(symbol)
    if evaluation is None or tick is None:
        return Text(f"{symbol}: nothing is known yet")
    head: RenderableType = (
        signal_table(evaluation, tick, is_narrow)
        if evaluation.levels is not None
        else Text(no_signal_line(evaluation), style="yellow")
    )
    return Group(head, indicator_table(evaluation, frame.settings, tick, symbol in frame.stale, is_narrow))


def _bottom(frame: LiveFrame, state: ScreenState, count: int) -> str:
    if state.typing is not None:
        fault = f"   {state.message}" if state.message else ""
        return f"filter: {state.typing}_   (Enter to apply, Esc to leave){fault}"
    parts = [f"{count} rows"]
    parts += [f"filter: {state.filter_text}"] if state.filter_text else []
    parts += ["PAUSED"] if state.is_paused else []
    parts += [] if state.alerts_on else ["alerts off"]
    parts += [state.message] if state.message else []
    return "  ".join([*parts, "q quit  s sort  / filter  p pause  Enter detail  a alerts", frame.footer])
