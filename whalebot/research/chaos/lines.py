"""A campaign as lines of text: a row a seed, and the sum of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from statistics import median
from typing import Final

from whalebot.research.chaos.campaign import Outcome

# Starts cost as much in a short run as in a long one: what is little in all is never too much.
_WASTE: Final = 3.0
_WASTE_S: Final = 8.0
_START_S: Final = {"forked": 0.3, "plain": 1.0}
HEAD: Final = "    seed    days  faults  deaths  trades   open  stops  bare ms  findings"


def row(outcome: Outcome) -> str:
    """Return the line of one seed, under HEAD."""
    verdict = outcome.verdict
    trades, held, stops, bare = (
        (verdict.trades, verdict.open_positions, verdict.stops_moved, verdict.worst_bare_ms)
        if verdict is not None
        else (0, 0, 0, 0)
    )
    faults = f"{outcome.struck.total()}/{outcome.faults.total()}"
    return (
        f"{outcome.schedule.seed:>8}{outcome.days:>8.2f}{faults:>8}"
        f"{outcome.deaths.total():>8}{trades:>8}{held:>7}{stops:>7}{bare:>9}  {len(outcome.findings) or '-'}"
        f"{' weak' if outcome.is_weak else ''}"
    )


def finding_lines(outcome: Outcome, command: str) -> Iterator[str]:
    """Yield what was found, and the one line that runs this seed again."""
    for finding in outcome.findings:
        yield f"  FOUND: {finding}"
    if outcome.findings:
        yield f"  again: {command}"
        yield f"  files: {outcome.folder}"


def summary(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield the sum of a campaign."""
    outcomes = list(outcomes)
    faults: Counter[str] = sum((o.faults for o in outcomes), Counter())
    deaths: Counter[str] = sum((o.deaths for o in outcomes), Counter())
    struck: Counter[str] = sum((o.struck for o in outcomes), Counter())
    starts: Counter[str] = sum((o.starts for o in outcomes), Counter())
    closed: Counter[str] = sum((o.verdict.closed_by for o in outcomes if o.verdict), Counter())
    failed = [o for o in outcomes if o.findings]
    yield (
        f"{len(outcomes)} seeds, {sum(o.is_weak for o in outcomes)} weak, "
        f"{sum(o.days for o in outcomes):.1f} market days, {struck.total()}/{faults.total()} faults, "
        f"{closed.total()} trades, {sum(len(o.findings) for o in failed)} findings in {len(failed)} seeds"
    )
    pairs = ", ".join(f"{name} {struck[name]}/{number}" for name, number in sorted(faults.items()))
    yield f"faults struck/set: {pairs or 'none'}"
    yield f"ends of the daemon: {_counted(deaths)}"
    yield f"starts of processes: {_counted(starts)}"
    yield f"trades ended by: {_counted(closed)}"
    verdicts = [o.verdict for o in outcomes if o.verdict]
    excused: Counter[str] = sum((ms for v in verdicts for ms in v.excused.values()), Counter())
    yield (
        f"excused ms without a stop: {_counted(excused)}; "
        f"moved stops of {sum(v.unjudged_stops for v in verdicts)} positions not judged"
    )
    yield (
        f"most memory {max((o.peak_mib for o in outcomes), default=0):.0f} MiB, "
        f"most events waiting {max((o.high_water for o in outcomes), default=0)}, "
        f"longest until agreed {max((o.wait_ms for o in outcomes), default=0) / 1000:.1f} s, "
        f"processor time of daemons {sum(o.cpu_s for o in outcomes) / max(1, len(outcomes)):.1f} s a seed"
    )


def wasteful(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield a finding for each seed whose daemons used far more processor time a market day than others."""
    played = [(o.cpu_s / o.days, o) for o in outcomes if o.days and not o.is_weak]
    usual = median(rate for rate, _ in played) if played else 0.0
    for rate, outcome in played:
        starts_s = sum(_START_S[how] * number for how, number in outcome.starts.items())
        if rate > _WASTE * usual and outcome.cpu_s > _WASTE_S + starts_s:
            yield (
                f"  FOUND: seed {outcome.schedule.seed}: its daemons used {outcome.cpu_s:.1f} s of processor "
                f"time, {rate:.1f} s a market day where {usual:.1f} s are usual"
            )


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items())) or "none"
