"""Many runs at once: seeds in, outcomes out in the order in which they end."""

from __future__ import annotations

import resource
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from whalebot.domain.errors import ConfigError
from whalebot.research.chaos.campaign import Halted, Outcome, run_schedule
from whalebot.research.chaos.forking import Zygote
from whalebot.research.chaos.process import make_zygote
from whalebot.research.chaos.schedule import Schedule, make_schedule

# These seeds keep the way in which an owner's daemon starts in the campaign.
_PLAIN_EVERY: Final = 10


@dataclass(frozen=True, slots=True)
class Campaign:
    """Which runs are made: `days` of market time each, `jobs` at a time, below `folder`.

    `market` gives the options of `whalebot exchange` that say what a schedule is played on. `symbols` are
    those of a data file, () for a generated market. `preloaded` are the modules that the daemon and the
    exchange import: except in every tenth seed processes are forked from one that has them.
    """

    seeds: Sequence[int]
    days: float
    speed: float
    jobs: int
    folder: Path
    market: Callable[[Schedule], dict[str, Any]]
    symbols: tuple[str, ...] = ()
    preloaded: tuple[str, ...] = ()


def run_campaign(campaign: Campaign) -> Iterator[Outcome]:
    """Yield the outcome of every seed. Folders of runs without findings are removed, the others stay.

    A generator that is closed early ends its processes. Raises ConfigError for a folder that cannot be used,
    and on another system than Linux.
    """
    if not Path("/proc/self/status").exists() or not hasattr(resource, "prlimit"):
        raise ConfigError("chaos looks into processes and limits them as only Linux allows; run it there")
    campaign.folder.mkdir(parents=True, exist_ok=True)
    halted = threading.Event()
    waiting = list(reversed(campaign.seeds))
    with (
        make_zygote(campaign.preloaded) as zygote,
        ThreadPoolExecutor(campaign.jobs, thread_name_prefix="chaos") as pool,
    ):
        running: set[Future[Outcome]] = set()
        try:
            while waiting or running:
                while waiting and len(running) < campaign.jobs:
                    running.add(pool.submit(_run_seed, campaign, waiting.pop(), halted, zygote))
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        finally:
            halted.set()
            wait(running)


def _run_seed(campaign: Campaign, seed: int, halted: threading.Event, zygote: Zygote) -> Outcome:
    schedule = make_schedule(seed, campaign.days, campaign.speed, campaign.symbols)
    folder = campaign.folder / f"seed-{seed}"
    try:
        folder.mkdir()
    except FileExistsError:
        raise ConfigError(f"{folder}: is there already; name another folder with --out") from None
    try:
        forks = zygote if seed % _PLAIN_EVERY else None
        outcome = run_schedule(schedule, folder, campaign.market(schedule), halted, forks)
    except Halted:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except (OSError, ValueError) as error:
        return Outcome(schedule, (f"the run itself failed: {type(error).__name__}: {error}",), folder)
    if not outcome.findings:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome
