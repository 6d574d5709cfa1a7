"""A campaign as lines of text: a row a seed, and the sum of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from whalebot.research.chaos.campaign import Outcome

HEAD: Final = "    seed    days  faults  deaths  trades   open  stops  bare ms  findings"


def row(outcome: Outcome) -> str:
    """Return the line of one seed, under HEAD."""
    verdict = outcome.verdict
    trades, held, stops, bare = (
        (verdict.trades, verdict.open_positions, verdict.stops_moved, verdict.worst_bare_ms)
        if verdict is not None
        else (0, 0, 0, 0)
    )
    return (
        f"{outcome.schedule.seed:>8}{outcome.days:>8.2f}{outcome.faults.total():>8}"
        f"{outcome.deaths.total():>8}{trades:>8}{held:>7}{stops:>7}{bare:>9}  {len(outcome.findings) or '-'}"
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
    starts: Counter[str] = sum((o.starts for o in outcomes), Counter())
    closed: Counter[str] = sum((o.verdict.closed_by for o in outcomes if o.verdict), Counter())
    failed = [o for o in outcomes if o.findings]
    yield (
        f"{len(outcomes)} seeds, {sum(o.days for o in outcomes):.1f} market days, {faults.total()} faults, "
        f"{closed.total()} trades, {sum(len(o.findings) for o in failed)} findings in {len(failed)} seeds"
    )
    yield f"faults: {_counted(faults)}"
    yield f"ends of the daemon: {_counted(deaths)}"
    yield f"starts of processes: {_counted(starts)}"
    yield f"trades ended by: {_counted(closed)}"
    yield f"most memory {max((o.peak_mib for o in outcomes), default=0):.0f} MiB"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items())) or "none"
