"""What a benchmark says: figures with their goals and peers, and how they are printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `goal` is the most it may be (the least where `more_is_better`), None for none.

    `peer` names what was measured beside it on the same machine, `peer_value` in the same unit.
    """

    group: str
    name: str
    value: float
    unit: str
    goal: float | None = None
    peer: str = ""
    peer_value: float | None = None
    more_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """How many times the peer's value this one is better; None without a peer."""
        if self.peer_value is None or not self.value or not self.peer_value:
            return None
        return self.value / self.peer_value if self.more_is_better else self.peer_value / self.value

    @property
    def verdict(self) -> str:
        """Whether the goal is reached, "" where there is none."""
        if self.goal is None:
            return ""
        reached = self.value >= self.goal if self.more_is_better else self.value <= self.goal
        return "ok" if reached else "MISSED"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as one table of text, a heading for each group."""
    lines = [f"{'':52}{'value':>12} {'unit':6}{'goal':>9} {'':8}{'times better than':>18}"]
    group = ""
    for figure in figures:
        if figure.group != group:
            group = figure.group
            lines += ["", group]
        lines.append(_row(figure).rstrip())
    return "\n".join(lines)


def _row(figure: Figure) -> str:
    sign = ">=" if figure.more_is_better else "<="
    goal = "" if figure.goal is None else f"{sign} {figure.goal:g}"
    peer = "" if figure.ratio is None else f"{figure.ratio:8.1f} x {figure.peer}"
    name, value = figure.name, _number(figure.value)
    return f"  {name:50}{value:>12} {figure.unit:6}{goal:>9} {figure.verdict:8}{peer}"


def _number(value: float) -> str:
    if value == int(value) and abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3g}"


def as_json(figures: Iterable[Figure], about: dict[str, Any]) -> str:
    """Return the figures and what is known of the machine as a JSON document."""
    rows = [{**asdict(f), "ratio": f.ratio, "verdict": f.verdict} for f in figures]
    return json.dumps({"about": about, "figures": rows}, indent=2)


def tell(text: str) -> None:
    """Say on standard error what is going on."""
    print(text, file=sys.stderr, flush=True)
