"""How far each trade was behind and ahead on its way, against what it brought: two scatter charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from statistics import median
from typing import Final

from whalebot.domain.trade import ClosedTrade
from whalebot.research.report.charts import base_line, drawing, y_axis
from whalebot.research.report.scales import Panel, tick_label, ticks, widened
from whalebot.research.report.wording import moment, money, ratio

_WIDTH: Final = 440
_HEIGHT: Final = 300
_MOST_DOTS: Final = 1200
_CELLS: Final = (52, 36)


@dataclass(frozen=True, slots=True)
class Path:
    """One trade: result, worst and best on the way, in R or in quote."""

    trade: ClosedTrade
    result: float
    mae: float
    mfe: float


@dataclass(frozen=True, slots=True)
class Paths:
    """All trades that can be drawn, in one `unit`. `without_risk` were left out: their R is not known."""

    unit: str
    paths: tuple[Path, ...]
    without_risk: int


def risk_of(trade: ClosedTrade) -> Decimal | None:
    """Return what the initial stop put at risk, in quote; None where it is not known."""
    if trade.initial_stop is None:
        return None
    risk = trade.qty * abs(trade.entry_price - trade.initial_stop)
    return risk if risk > 0 else None


def paths_of(trades: Sequence[ClosedTrade]) -> Paths:
    """Return the paths in R; in USDT where the risk of most trades is not known."""
    known = [(trade, risk) for trade in trades if (risk := risk_of(trade)) is not None]
    if 2 * len(known) < len(trades):
        whole = tuple(Path(t, float(t.pnl), float(t.mae), float(t.mfe)) for t in trades)
        return Paths("USDT", whole, 0)
    in_r = tuple(Path(t, float(t.pnl / risk), float(t.mae / risk), float(t.mfe / risk)) for t, risk in known)
    return Paths("R", in_r, len(trades) - len(known))


def mae_chart(found: Paths) -> str:
    """Return results over the largest loss on the way."""
    points = [(path.mae, path.result, path.trade) for path in found.paths]
    label = "Result against the largest loss on the way"
    return _chart(points, f"largest loss on the way (MAE), {found.unit}", -1, label, mae_said(found))


def mfe_chart(found: Paths) -> str:
    """Return results over the largest gain on the way."""
    points = [(path.mfe, path.result, path.trade) for path in found.paths]
    label = "Result against the largest gain on the way"
    return _chart(points, f"largest gain on the way (MFE), {found.unit}", 1, label, mfe_said(found))


def mae_said(found: Paths) -> str:
    """Say what the first chart teaches."""
    behind = [path.mae for path in found.paths if path.result > 0]
    return (
        f"Half of the winners were never more than {ratio(median(behind))} {found.unit} behind."
        if behind
        else ""
    )


def mfe_said(found: Paths) -> str:
    """Say what the second chart teaches."""
    ahead = [path.mfe for path in found.paths if path.result < 0]
    return f"Half of the losers had been {ratio(median(ahead))} {found.unit} ahead or more." if ahead else ""


def _chart(
    points: Sequence[tuple[float, float, ClosedTrade]], caption: str, slope: int, label: str, said: str
) -> str:
    most = widened(0, max(x for x, _, _ in points) or 1.0, 6)[1]
    low, high = widened(min(0.0, *(y for _, y, _ in points)), max(0.0, *(y for _, y, _ in points)), 6)
    panel = Panel(58, 12, _WIDTH - 72, _HEIGHT - 56, 0, most, low, high)
    marks = ticks(0, most, 6)
    step = marks[1] - marks[0] if len(marks) > 1 else 1.0
    parts = [y_axis(panel, 6), base_line(panel, 0, "axis"), _diagonal(panel, slope)]
    parts += [
        f'<text class="tick" x="{panel.x(v):.1f}" y="{_HEIGHT - 26}" text-anchor="middle">'
        f"{tick_label(v, step)}</text>"
        for v in marks
    ]
    parts.append(_dots(points, panel) if len(points) <= _MOST_DOTS else _cells(points, panel))
    parts.append(
        f'<text class="label" x="{_WIDTH - 14}" y="{_HEIGHT - 6}" text-anchor="end">{caption}</text>'
    )
    parts.append('<text class="label" x="62" y="22">net result</text>')
    return drawing(_WIDTH, _HEIGHT, "".join(parts), label, said)


def _diagonal(panel: Panel, slope: int) -> str:
    """The line on which a trade ends at its best, or at its worst, costs aside."""
    reach = min(panel.x_high, panel.y_high if slope > 0 else -panel.y_low)
    if reach <= 0:
        return ""
    return (
        f'<line class="base" x1="{panel.x(0):.1f}" y1="{panel.y(0):.1f}" x2="{panel.x(reach):.1f}" '
        f'y2="{panel.y(slope * reach):.1f}"/>'
    )


def _dots(points: Sequence[tuple[float, float, ClosedTrade]], panel: Panel) -> str:
    size = 3.2 if len(points) <= 300 else 2.2
    return "".join(
        f'<circle class="{"gain" if y > 0 else "loss"}" cx="{panel.x(x):.1f}" cy="{panel.y(y):.1f}" '
        f'r="{size}"><title>{escape(_told(trade))}</title></circle>'
        for x, y, trade in points
    )


def _cells(points: Sequence[tuple[float, float, ClosedTrade]], panel: Panel) -> str:
    """Too many for dots: squares whose area tells how many trades lie there."""
    wide, high = panel.width / _CELLS[0], panel.height / _CELLS[1]
    counts = Counter(
        (
            min(int((panel.x(x) - panel.left) / wide), _CELLS[0] - 1),
            min(int((panel.y(y) - panel.top) / high), _CELLS[1] - 1),
            y > 0,
        )
        for x, y, _ in points
    )
    most = max(counts.values())
    parts = []
    for (column, row, won), count in sorted(counts.items()):
        side = max(2.0, min(wide, high) * (count / most) ** 0.5)
        x, y = panel.left + (column + 0.5) * wide, panel.top + (row + 0.5) * high
        parts.append(
            f'<rect class="{"gain" if won else "loss"}" x="{x - side / 2:.1f}" y="{y - side / 2:.1f}" '
            f'width="{side:.1f}" height="{side:.1f}"><title>{count:,} trades</title></rect>'
        )
    return "".join(parts)


def _told(trade: ClosedTrade) -> str:
    return (
        f"{moment(trade.exit_ms)} {trade.symbol} {money(trade.pnl, sign=True)} USDT; on the way "
        f"{money(trade.mae)} behind, {money(trade.mfe)} ahead"
    )
