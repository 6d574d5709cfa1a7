"""A judgement as lines of text; what rests on too few signals is faint."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from whalebot.decisions.scan.wording import interval_label
from whalebot.scanner.judge import TOO_FEW, Bucket, GroupFigures, HorizonFigures, Judgement
from whalebot.scanner.judge_weights import PartScore, Proposal


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line; `is_faint`: to be shown grey."""

    text: str
    is_faint: bool = False


def judgement_lines(judgement: Judgement, *, by_indicator: bool = False) -> Iterator[ReportLine]:
    """Yield a judgement line by line. Returns in basis points, shares in percent."""
    label, cost = interval_label(judgement.interval), judgement.cost * 1e4
    net = f"net of {cost:g} bps" if cost else "before costs"
    yield ReportLine(f"Signals on {label} bars, forward returns {net}, in basis points")
    for group in judgement.groups:
        yield ReportLine("")
        yield from _group(group)
    yield ReportLine("")
    yield from _table("Mean return by size of score (tenths)", judgement.deciles, judgement.horizons)
    if by_indicator:
        yield ReportLine("")
        yield from _table(
            "Mean return where an indicator voted with the signal, against it, or not",
            judgement.indicators,
            judgement.horizons,
        )


def proposal_lines(proposal: Proposal | None) -> Iterator[ReportLine]:
    """Yield a proposal of weights with how both sets did on signals it was not fitted on."""
    if proposal is None:
        yield ReportLine("Too few signals with a known return to propose weights", is_faint=True)
        return
    yield ReportLine(
        f"Weights fitted on the first {proposal.fitted} signals (return after {proposal.horizon} bars); "
        "a proposal, nothing is changed"
    )
    for name, weight in proposal.weights.items():
        yield ReportLine(f"  {name:<20} {weight:6.3f}")
    yield ReportLine("On the later signals, which the fit has not seen:")
    yield ReportLine(_part("weights in force", proposal.before), proposal.before.n < TOO_FEW)
    yield ReportLine(_part("proposal", proposal.after), proposal.after.n < TOO_FEW)


def _part(name: str, part: PartScore) -> str:
    return (
        f"  {name:<17} n {part.n:>5}  correlation of score and return {_number(part.correlation, 3)}  "
        f"passing the threshold {part.passed:>5}, mean {_bps(part.mean)}"
    )


def _group(group: GroupFigures) -> Iterator[ReportLine]:
    small = "  too few signals" if group.is_small else ""
    yield ReportLine(f"{group.name}: n {group.n}{small}", group.is_small)
    yield ReportLine(
        f"  first touch: target {_percent(group.target_share)}, stop {_percent(group.stop_share)}, timeout "
        f"{_percent(group.timeout_share)}; both in one bar, counted as stop: {group.doubtful}; "
        f"not decided yet {group.undecided}, void {group.void}",
        group.is_small,
    )
    yield ReportLine(
        f"  mean {_number(group.mean_r, 3)} R; best excursion {_number(group.mfe, 2)} R, worst "
        f"{_number(group.mae, 2)} R on average; {_overlap(group)}",
        group.is_small,
    )
    yield ReportLine(
        f"  {'bars':>5} {'n':>6} {'n_eff':>7} {'mean':>8} {'median':>8} {'hit':>6} {'PF':>6} |"
        f" {'base':>8} {'hit':>6} {'PF':>6} | {'diff':>8} {'95 % interval':>19}",
        group.is_small,
    )
    for figures in group.horizons:
        yield ReportLine(_horizon(figures), figures.n < TOO_FEW)


def _overlap(group: GroupFigures) -> str:
    if math.isnan(group.overlap) or group.overlap <= 1.0:
        return "signals of one symbol do not overlap"
    return f"signals of one symbol overlap: {group.overlap:.1f} run at once over the last horizon"


def _horizon(f: HorizonFigures) -> str:
    s, b = f.signals, f.baseline
    base = f"{_bps(b.mean)} {_percent(b.hit_rate)} {_number(b.profit_factor, 2)}"
    return (
        f"  {f.horizon:>5} {f.n:>6} {f.n_eff:>7.0f} {_bps(s.mean)} {_bps(s.median)} {_percent(s.hit_rate)} "
        f"{_number(s.profit_factor, 2)} | {base} | {_bps(f.difference)} {_bps(f.interval.low)} to "
        f"{_bps(f.interval.high)}  {f.verdict}"
    )


def _table(title: str, buckets: Sequence[Bucket], horizons: Sequence[int]) -> Iterator[ReportLine]:
    yield ReportLine(title)
    head = " ".join(f"{f'{horizon} bars':>9}" for horizon in horizons)
    yield ReportLine(f"  {'':<28} {'n':>6} {head}")
    for bucket in buckets:
        means = " ".join(f"{_bps(mean):>9}" for mean in bucket.means)
        yield ReportLine(f"  {bucket.name:<28} {bucket.n:>6} {means}", bucket.n < TOO_FEW)


def _bps(value: float) -> str:
    return f"{value * 1e4:>8.1f}" if math.isfinite(value) else f"{'-':>8}"


def _percent(value: float) -> str:
    return f"{value * 100:>5.1f}%" if math.isfinite(value) else f"{'-':>6}"


def _number(value: float, decimals: int) -> str:
    return f"{value:>6.{decimals}f}" if math.isfinite(value) else f"{'-':>6}"
