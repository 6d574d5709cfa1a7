"""An optimisation for people: one screen of text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from whalebot.research.optimise.honesty import Honesty
from whalebot.research.optimise.optimisation import Optimisation
from whalebot.research.optimise.trials import TrialRow
from whalebot.research.statistics.resampling import QUANTILES, DrawdownRange

_MOST_ROWS: Final = 10
_FIGURES: Final = ("net_pnl", "trades", "sharpe", "sortino", "calmar", "sqn", "profit_factor", "max_drawdown")


def optimisation_lines(found: Optimisation) -> list[str]:
    """Return the whole text."""
    trials = found.trials
    lines = [
        f"study {found.study}: {trials.made} trials"
        + (f", {trials.pruned} of them given up early" if trials.pruned else "")
    ]
    lines += [f"rejected {count} times: {reason}" for reason, count in sorted(trials.rejected.items())]
    if found.best is None or found.honesty is None:
        return [*lines, "no trial has a score: too few trades in each, or figures that are not numbers"]
    if len(trials.objectives) > 1:
        lines += ["", "Pareto front (no trial is better in every objective):"]
        lines += _table(trials.front, trials.objectives)
        lines += ["", f"best by {trials.objectives[0]}:"]
    else:
        lines += ["", "best trials:", *_table(trials.ranked()[:_MOST_ROWS], trials.objectives), "", "best:"]
    lines += best_lines(found.best)
    return [*lines, "", "how far to believe it:", *honesty_lines(found.honesty)]


def best_lines(row: TrialRow) -> list[str]:
    """Return one trial: its values and its figures."""
    lines = [f"  trial {row.number}, tier {row.figures['tier']}"]
    lines += [f"  {key} = {_shown(value)}" for key, value in row.values.items()]
    return [*lines, "  " + ", ".join(f"{name} {_shown(row.figures[name])}" for name in _FIGURES)]


def honesty_lines(honesty: Honesty) -> list[str]:
    """Return every honesty figure and what it means."""
    deflated = honesty.deflated
    lines = [
        f"  deflated Sharpe ratio {_share(deflated.probability)} after {honesty.trials} trials"
        f" ({_shown(deflated.sharpe)} per day; luck alone would show {_shown(deflated.expected_maximum)})",
        f"  probability of overfitting {_share(honesty.overfitting)}",
        f"  plateau {_shown(honesty.plateau)} (neighbours against the best; 1: as good, less: worse)",
        f"  drawdown of the trades in random order {_drawdowns(honesty.shuffled)}",
        f"  drawdown of days drawn in blocks {_drawdowns(honesty.bootstrapped)}",
    ]
    if honesty.has_better_neighbours:
        lines.append("  the neighbours are better than the best trial: search further, with more --trials")
    warnings = honesty.warnings()
    lines += [f"  WARNING: {warning}" for warning in warnings]
    return lines if warnings else [*lines, "  all guards pass"]


def _table(rows: Iterable[TrialRow], objectives: tuple[str, ...]) -> list[str]:
    lines = ["  " + "trial".rjust(6) + "".join(name.rjust(max(12, len(name) + 2)) for name in objectives)]
    for row in rows:
        cells = "".join(
            _shown(score).rjust(max(12, len(name) + 2))
            for score, name in zip(row.scores, objectives, strict=True)
        )
        values = ", ".join(f"{key.rpartition('.')[2]} {_shown(value)}" for key, value in row.values.items())
        lines.append(f"  {row.number:>6}{cells}  {values}")
    return lines


def verdict_lines(verdict: Mapping[str, Any]) -> list[str]:
    """Return what a study remembers of its verdict."""
    if verdict.get("believable"):
        return ["all guards pass"]
    return [f"WARNING: {warning}" for warning in verdict.get("warnings", ())]


def _drawdowns(found: DrawdownRange | None) -> str:
    if found is None:
        return "not known"
    pairs = zip(QUANTILES, found.quantiles, strict=True)
    return ", ".join(f"{share:.0%}: {fall:.1%}" for share, fall in pairs)


def _share(value: float) -> str:
    return "not known" if math.isnan(value) else f"{value:.1%}"


def _shown(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
