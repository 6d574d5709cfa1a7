"""Results of searches as files: JSON for programs, CSV for spreadsheets, a page for people."""

from __future__ import annotations

import csv
import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whalebot.app.private_file import private_text, write_private

if TYPE_CHECKING:
    from whalebot.research.optimise.optimisation import Optimisation
    from whalebot.research.optimise.walkforward import WalkForward

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}}
h1{{font-size:1.4rem;overflow-wrap:anywhere}}h2{{font-size:1.05rem;margin:1.5rem 0 .3rem}}
p{{font:13px/1.5 ui-monospace,monospace;margin:0;padding-left:4ch;text-indent:-4ch;white-space:pre-wrap;
overflow-wrap:anywhere}}p.warning{{color:#b3261e;font-weight:600}}
svg{{width:100%;height:auto;border:1px solid #ccc}}</style></head>
<body><h1>{title}</h1>{chart}{text}</body></html>
"""


def write_optimisation(found: Optimisation, folder: Path) -> list[Path]:
    """Write optimisation.json, trials.csv and optimisation.html; return their paths."""
    from whalebot.research.optimise.wording import optimisation_lines

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths = [folder / name for name in ("optimisation.json", "trials.csv", "optimisation.html")]
    _write_json(paths[0], found.as_dict())
    _write_trials(paths[1], found)
    scores = [row.scores[0] for row in found.trials.finished if abs(row.scores[0]) != float("inf")]
    title = f"Optimisation {found.study}"
    write_private(paths[2], _page(title, scores, optimisation_lines(found), dots=True))
    return paths


def write_walk_forward(found: WalkForward, lines: Sequence[str], folder: Path) -> list[Path]:
    """Write walkforward.json and walkforward.html; return their paths."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths = [folder / "walkforward.json", folder / "walkforward.html"]
    _write_json(paths[0], found.as_dict())
    equity = [1.0, *(float(value) for value in found.equity)]
    write_private(paths[1], _page("Walk-forward", equity, lines, dots=False))
    return paths


def _write_json(path: Path, value: Any) -> None:
    write_private(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _write_trials(path: Path, found: Optimisation) -> None:
    rows = found.trials.finished
    keys = list(rows[0].values) if rows else []
    figures = list(rows[0].figures) if rows else []
    with private_text(path) as file:
        writer = csv.writer(file)
        writer.writerow(["trial", *(f"score.{name}" for name in found.trials.objectives), *keys, *figures])
        for row in rows:
            cells = [row.values[key] for key in keys] + [row.figures[name] for name in figures]
            writer.writerow([row.number, *row.scores, *cells])


def _page(title: str, values: Sequence[float], lines: Sequence[str], *, dots: bool) -> str:
    text = "\n".join(_line(line) for line in lines if line)
    return _PAGE.format(title=html.escape(title), chart=_chart(values, dots=dots), text=text)


def _line(line: str) -> str:
    """Return one line, a heading where it opens a list; long ones wrap, so that a narrow screen has all."""
    text = html.escape(line)
    if line.endswith(":") and not line.startswith(" "):
        return f"<h2>{text[:-1]}</h2>"
    return f'<p class="warning">{text}</p>' if "WARNING: " in line else f"<p>{text}</p>"


def _chart(values: Sequence[float], *, dots: bool) -> str:
    """Return a small drawing: a dot a trial, or a line of days."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    points = [
        (5 + 990 * i / (len(values) - 1), 195 - 190 * (value - low) / span) for i, value in enumerate(values)
    ]
    if dots:
        shape = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#1565c0"/>' for x, y in points)
    else:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        shape = f'<polyline points="{path}" fill="none" stroke="#1565c0" stroke-width="2"/>'
    label = f"from {low:.4g} to {high:.4g}"
    return f'<svg viewBox="0 0 1000 200" role="img" aria-label="{label}"><title>{label}</title>{shape}</svg>'
