"""A report as one PNG: equity, drawdown, distribution, months. Needs matplotlib (extra `research`)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from whalebot.decisions.performance.summary import Summary
from whalebot.domain.errors import ConfigError
from whalebot.research.report.wording import day, money, ratio, share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BLUE: Final = "#2563eb"
_GAIN: Final = "#15914d"
_LOSS: Final = "#d33c3c"
_SOFT: Final = "#5d6b7c"


def write_picture(report: Summary, path: Path, equity_name: str = "realised equity, USDT") -> None:
    """Draw one mode's report into a PNG file. equity_name: what the curve shows.

    Raises ConfigError where matplotlib is not installed, OSError where the file cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError(
            f"{path}: a picture needs matplotlib: pip install matplotlib (extra research), or use --html"
        ) from error
    figure = Figure(figsize=(12, 8.4), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(3, 2, height_ratios=(3.2, 1.1, 2.1))
    equity = figure.add_subplot(grid[0, :])
    drawdown = figure.add_subplot(grid[1, :], sharex=equity)
    _draw_curve(report, equity, drawdown, equity_name)
    _draw_distribution(report, figure.add_subplot(grid[2, 0]))
    _draw_months(report, figure.add_subplot(grid[2, 1]))
    figure.suptitle(_headline(report), x=0.01, ha="left", fontsize=13)
    figure.savefig(path, format="png", dpi=130, metadata={"Software": None})


def _headline(report: Summary) -> str:
    totals, risk = report.totals, report.risk
    depth = share(risk.max_drawdown.depth, 1) if risk.max_drawdown else share(0.0)
    return (
        f"{report.mode} · {day(report.first_ms)} to {day(report.last_ms)} · {totals.trades:,} trades · "
        f"net {money(totals.pnl, sign=True)} USDT ({share(risk.total_return, 1, sign=True)})\n"
        f"max drawdown {depth} · win rate {share(totals.win_rate)} · profit factor "
        f"{ratio(totals.profit_factor)} · expectancy {ratio(totals.expectancy_r, sign=True)} R · "
        f"Sharpe {ratio(risk.sharpe)} · fees {money(totals.fees)}"
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
    peak, falls = values[0], []
    for value in values:
        peak = max(peak, value)
        falls.append(-100 * (1 - value / peak) if peak > 0 else 0.0)
    drawdown.step(times, falls, where="post", color=_LOSS, linewidth=1.1)
    drawdown.fill_between(times, falls, 0, step="post", color=_LOSS, alpha=0.18, linewidth=0)
    drawdown.set_ylim(top=0)
    _dress(drawdown, "drawdown, %")


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


def _draw_months(report: Summary, axes: Axes) -> None:
    names = list(report.by_month)[-24:]
    values = [float(report.by_month[name].pnl) for name in names]
    axes.bar(range(len(names)), values, width=0.7, color=[_GAIN if v >= 0 else _LOSS for v in values])
    every = -(-len(names) // 8)
    axes.set_xticks(range(0, len(names), every), names[::every])
    axes.set_xlim(-0.7, max(len(names), 4) - 0.3)
    axes.axhline(0, color=_SOFT, linewidth=0.8)
    _dress(axes, "net PnL by month, USDT")


def _dress(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, color=_SOFT)
    axes.grid(visible=True, color="#e3e8ee", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=9, labelcolor=_SOFT)
    axes.margins(x=0.01)
