"""What trades brought, counted for the web server by the same code as `report`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from whalebot.domain.trade import ClosedTrade

if TYPE_CHECKING:
    from whalebot.decisions.performance.totals import Totals

_MOST_POINTS: Final = 1000
_PARTS: Final = ("totals", "risk", "pace")
_GROUPS: Final = ("by_symbol", "by_side", "by_month", "by_exit")
_FIGURES: Final = (
    *("trades", "wins", "losses", "pnl", "fees", "funding", "win_rate", "profit_factor", "expectancy_r"),
)


class TradeReports:
    """`Reports` of the web server. Imports what it counts with when it is first asked."""

    def __init__(
        self,
        start: Callable[[], Decimal],
        marked: Mapping[str, Any] | None = None,
        notes: Sequence[str] = (),
        source: str = "",
    ) -> None:
        """start: equity before the first trade, `source` where it is from. marked: the whole report of a
        backtest, on marked equity, with the notes that belong to it.
        """
        self._source = source
        self._start = start
        self._marked = marked
        self._notes = list(notes)

    def performance(
        self, mode: str, trades: Sequence[ClosedTrade], before: Decimal, whole: bool
    ) -> dict[str, Any]:
        """Return report, equity, groups and notes; see `Reports`."""
        start = self._start() + before
        if not trades:
            nothing: dict[str, Any] = {
                name: [] for name in ("by_day", *_GROUPS, "by_hour", "equity", "notes")
            }
            return {**nothing, "start_equity": f"{start:f}", "end_equity": f"{start:f}", "report": None}
        shown = self._marked if whole and self._marked is not None else self._counted(mode, trades, start)
        from whalebot.decisions.performance.habits import entry_hour, exit_day, group_totals

        hours = {name: _figures(totals) for name, totals in group_totals(trades, entry_hour).items()}
        days = group_totals(trades, exit_day)
        return {
            "start_equity": str(shown["start_equity"]),
            "end_equity": str(shown["end_equity"]),
            "report": _utc({name: shown[name] for name in _PARTS}),
            "equity": _thinned(shown["equity"]),
            "by_day": [{"day": d, "pnl": f"{t.pnl:f}", "trades": t.trades} for d, t in days.items()],
            **{name: _groups(shown[name]) for name in _GROUPS},
            "by_hour": _groups(hours),
            "notes": self._said(trades, whole),
        }

    def _counted(self, mode: str, trades: Sequence[ClosedTrade], start: Decimal) -> Mapping[str, Any]:
        from whalebot.decisions.performance.summary import summarise
        from whalebot.research.report.as_json import report_json

        # A balance that losses of before would have used up is none to divide by.
        return report_json(summarise(mode, trades, start if start > 0 else self._start()))

    def _said(self, trades: Sequence[ClosedTrade], whole: bool) -> list[str]:
        if whole and self._marked is not None:
            return list(self._notes)
        from whalebot.research.report.figures import REALISED_NOTE, SHORT_NOTE

        said = [REALISED_NOTE, SHORT_NOTE] if len(trades) < 30 else [REALISED_NOTE]
        return [*said, self._source] if self._source else said


def _groups(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, **{key: totals[key] for key in _FIGURES}} for name, totals in found.items()]


def _figures(totals: Totals) -> dict[str, Any]:
    found = {name: getattr(totals, name) for name in _FIGURES}
    return {
        name: format(value, "f")
        if isinstance(value, Decimal)
        else None
        if isinstance(value, float) and not math.isfinite(value)
        else value
        for name, value in found.items()
    }


def _thinned(points: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    step = -(-len(points) // _MOST_POINTS) or 1
    kept = list(points[::step])
    if kept and kept[-1] is not points[-1]:
        kept.append(points[-1])
    return [_utc(dict(point)) for point in kept]


def _utc(value: Any) -> Any:
    """Write times with a Z, as the rest of the API does."""
    if isinstance(value, dict):
        return {name: _utc(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_utc(item) for item in value]
    is_time = isinstance(value, str) and value.endswith("+00:00")
    return f"{value.removesuffix('+00:00')}Z" if is_time else value
