"""A report as one PNG: equity, drawdown, days, distribution, paths, groups. Needs matplotlib (`research`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from whalebot.adapters.terminal.numbers import count_text
from whalebot.decisions.performance.habits import WEEKDAYS
from whalebot.decisions.performance.summary import Summary
from whalebot.decisions.performance.totals import Totals
from whalebot.domain.errors import ConfigError
from whalebot.domain.trade import ClosedTrade
from whalebot.research.report.charts import falls_of
from whalebot.research.report.excursions import Paths, paths_of
from whalebot.research.report.wording import day, money, ratio, share, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BLUE: Final = "#2563eb"
_GAIN: Final = "#15914d"
_LOSS: Final = "#d33c3c"
_SOFT: Final = "#5d6b7c"
_MOST_ROWS: Final = 8


def picture(
    report: Summary, trades: Sequence[ClosedTrade], path: Path, equity_name: str = "realised equity, USDT"
) -> bytes:
    """Draw one mode's report as a PNG. path: for the message alone. equity_name: what the curve shows.

    Raises ConfigError where matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError(
            f"{path}: a picture needs matplotlib: pip install matplotlib (extra research), or use --html"
        ) from error
    figure = Figure(figsize=(13, 13.6), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(5, 6, height_ratios=(3.0, 1.0, 1.9, 2.0, 1.9))
    equity = figure.add_subplot(grid[0, :])
    drawdown = figure.add_subplot(grid[1, :], sharex=equity)
    _draw_curve(report, equity, drawdown, equity_name)
    _draw_days(report, figure.add_subplot(grid[2, :4]))
    _draw_distribution(report, figure.add_subplot(grid[2, 4:]))
    found = paths_of(trades)
    _draw_paths(found, figure.add_subplot(grid[3, :2]), behind=True)
    _draw_paths(found, figure.add_subplot(grid[3, 2:4]), behind=False)
    _draw_rows(report.by_exit, figure.add_subplot(grid[3, 4:]), "net PnL by exit, USDT")
    _draw_rows(report.by_symbol, figure.add_subplot(grid[4, :2]), "net PnL by symbol, USDT")
    hours = {f"{hour:02d}": report.by_hour.get(f"{hour:02d}") for hour in range(24)}
    _draw_places(hours, figure.add_subplot(grid[4, 2:4]), "by hour of the entry, UTC", 4)
    weekdays = {name[:3]: report.by_weekday.get(name) for name in WEEKDAYS}
    _draw_places(weekdays, figure.add_subplot(grid[4, 4:]), "by weekday of the entry, UTC", 1)
    figure.suptitle(_headline(report), x=0.01, ha="left", fontsize=13)
    made = BytesIO()
    figure.savefig(made, format="png", dpi=120, metadata={"Software": None})
    return made.getvalue()


def _headline(report: Summary) -> str:
    totals, risk = report.totals, report.risk
    depth = share(risk.max_drawdown.depth, 1) if risk.max_drawdown else share(0.0)
    return (
        f"{report.mode} · {day(report.first_ms)} to {day(report.last_ms)} · "
        f"{count_text(totals.trades, 'trade')} · "
        f"net {money(totals.pnl, sign=True)} USDT ({share(risk.total_return, 1, sign=True)})\n"
        f"max drawdown {depth} · win rate {share(totals.win_rate)} · profit factor "
        f"{ratio(totals.profit_factor)} · expectancy {ratio(totals.expectancy_r, sign=True)} R · "
        f"gross {money(totals.gross_pnl, sign=True)} · fees {money(totals.fees)} · "
        f"funding paid {money(totals.funding, sign=True)}"
    )


def _draw_curve(report: Summary, equity: Axes, drawdown: Axes, equity_name: str) -> None:
    times: Any = [datetime.fromtimestamp(point.ts_ms / 1000, UTC) for point in report.curve]
    values = [float(point.equity) for point in report.curve]
    equity.step(times, values, where="post", color=_BLUE, linewidth=1.5)
    bottom = equity.get_ylim()[0]
    equity.set_ylim(bottom=bottom)
    equity.fill_between(times, values, bottom, step="post", color=_BLUE, alpha=0.08, linewidth=0)
    equity.axhline(values[0], color=_SOFT, linewidth=0.8, linestyle=(0, (4, 4)))
    _dress(equity, equity_name)
    equity.tick_params(labelbottom=False)
    falls = [-100 * fall for _, fall in falls_of([(0, value) for value in values])]
    drawdown.step(times, falls, where="post", color=_LOSS, linewidth=1.1)
    drawdown.fill_between(times, falls, 0, step="post", color=_LOSS, alpha=0.18, linewidth=0)
    drawdown.set_ylim(top=0)
    _dress(drawdown, "drawdown, %")


def _draw_days(report: Summary, axes: Axes) -> None:
    days: Any = [date.fromisoformat(name) for name in report.by_day]
    values = [float(totals.pnl) for totals in report.by_day.values()]
    axes.bar(days, values, width=0.8, color=_colours(values))
    axes.axhline(0, color=_SOFT, linewidth=0.8)
    if len(days) == 1:
        axes.set_xticks(days)
    _dress(axes, "net PnL by day, USDT")


def _draw_distribution(report: Summary, axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    bins, unit = (report.r_distribution, "R") if report.r_distribution else (report.pnl_distribution, "USDT")
    width = bins[0].high - bins[0].low
    axes.bar(
        [one.low + width / 2 for one in bins],
        [one.count for one in bins],
        width=width * 0.9,
        color=[_GAIN if one.low >= -1e-12 else _LOSS for one in bins],
    )
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    _dress(axes, f"trades by net result, {unit}")


def _draw_paths(found: Paths, axes: Axes, *, behind: bool) -> None:
    way = [path.mae if behind else path.mfe for path in found.paths]
    results = [path.result for path in found.paths]
    axes.scatter(way, results, s=9, c=_colours(results), alpha=0.6, linewidths=0)
    axes.axhline(0, color=_SOFT, linewidth=0.8)
    what = "largest loss" if behind else "largest gain"
    _dress(axes, f"result over {what} on the way, {found.unit}")


def _draw_rows(groups: Mapping[str, Totals], axes: Axes, title: str) -> None:
    """Horizontal bars, the best above; of many groups the best and the worst."""
    names = sorted(groups, key=lambda name: groups[name].pnl)
    if len(names) > _MOST_ROWS:
        half = _MOST_ROWS // 2
        title = f"{title}: {half} worst, {half} best of {len(names)}"
        names = names[:half] + names[-half:]
    values = [float(groups[name].pnl) for name in names]
    axes.barh([words(name) for name in names], values, height=0.65, color=_colours(values))
    axes.set_ylim(min(len(names) - 4, 0) - 0.6, len(names) - 0.4)
    axes.axvline(0, color=_SOFT, linewidth=0.8)
    _dress(axes, title)


def _draw_places(places: Mapping[str, Totals | None], axes: Axes, title: str, every: int) -> None:
    values = [float(totals.pnl) if totals is not None else 0.0 for totals in places.values()]
    axes.bar(range(len(values)), values, width=0.75, color=_colours(values))
    axes.set_xticks(range(0, len(values), every), list(places)[::every])
    axes.axhline(0, color=_SOFT, linewidth=0.8)
    _dress(axes, f"net PnL {title}")


def _colours(values: Sequence[float]) -> list[str]:
    return [_GAIN if value > 0 else _LOSS for value in values]


def _dress(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, color=_SOFT)
    axes.grid(visible=True, color="#e3e8ee", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=9, labelcolor=_SOFT)
    axes.margins(x=0.02)
