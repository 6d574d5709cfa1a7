"""A whole optimisation: search, the best trial, its neighbours, and how far to believe it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from optuna.storages import BaseStorage
from optuna.study import Study

from whalebot.domain.intervals import interval_ms
from whalebot.research.dataset import Dataset
from whalebot.research.optimise.bench import Bench, Player, Task
from whalebot.research.optimise.honesty import Honesty, judge, plateau_of
from whalebot.research.optimise.objectives import WORST, scores
from whalebot.research.optimise.pools import Pool, make_pool
from whalebot.research.optimise.sampling import grid_size, make_pruner, make_sampler
from whalebot.research.optimise.search import Plan, Search, new_owner
from whalebot.research.optimise.space import Values
from whalebot.research.optimise.storage import open_study
from whalebot.research.optimise.trials import TrialRow, Trials, read_trials

VERDICT: Final = "verdict"
_RUNGS: Final = (0.25, 0.5)


@dataclass(frozen=True, slots=True)
class Way:
    """How to search. `engine`: local or ray; `address`: of a Ray cluster, None: one of our own."""

    sampler: str = "tpe"
    pruner: str = "none"
    seed: int = 0
    jobs: int = 1
    engine: str = "local"
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Optimisation:
    """What a search found. `best` None: no trial has a score; then there is nothing to be honest about."""

    study: str
    trials: Trials
    best: TrialRow | None
    honesty: Honesty | None
    longest_ms: int

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it, without the trials that were not best."""
        best, several = self.best, len(self.trials.objectives) > 1
        return {
            "study": self.study,
            "objectives": list(self.trials.objectives),
            "trials": self.trials.made,
            "pruned": self.trials.pruned,
            "rejected": dict(self.trials.rejected),
            "best": None if best is None else row_dict(best, self.trials.objectives),
            "pareto_front": [row_dict(row, self.trials.objectives) for row in self.trials.front]
            if several
            else None,
            "honesty": None if self.honesty is None else self.honesty.as_dict(),
        }


def row_dict(row: TrialRow, objectives: tuple[str, ...]) -> dict[str, Any]:
    """Return one trial as JSON has it."""
    finite = (None if score == WORST else score for score in row.scores)
    return {
        "trial": row.number,
        "scores": dict(zip(objectives, finite, strict=True)),
        "values": dict(row.values),
        "figures": dict(row.figures),
        "config_hash": row.config_hash,
    }


def optimise(
    bench: Bench,
    plan: Plan,
    way: Way,
    storage: BaseStorage,
    name: str,
    identity: dict[str, Any],
    progress: Callable[[int, float], None] | None = None,
) -> Optimisation:
    """Search until the study has its trials, then judge the best one and note the verdict in the study.

    Goes on where an earlier run of the study ended. Raises ConfigError.
    """
    owner = new_owner()
    sampler = make_sampler(way.sampler, plan.space, len(plan.objectives), way.seed, owner, way.jobs)
    study = open_study(
        storage, name, plan.objectives, identity, sampler, make_pruner(way.pruner, len(plan.objectives))
    )
    if way.sampler == "grid":
        size = grid_size(plan.space)
        plan = replace(plan, trials=min(plan.trials, size), most_fresh=size)
    if way.pruner != "none":
        plan = replace(plan, rungs=rungs_of(bench.dataset))
    pool = make_pool(bench, way.jobs, way.engine, way.address)
    try:
        Search(study, plan, pool, owner).run(progress)
        return _judged(study, plan, bench, pool, way.seed)
    finally:
        pool.close()


def rungs_of(dataset: Dataset) -> tuple[int, ...]:
    """Return the times at which a quarter and a half of the traded time are over."""
    first = min(int(data.fine.open_ms[0]) for data in dataset.symbols)
    first = first if dataset.trade_from_ms is None else max(first, dataset.trade_from_ms)
    last = max(int(data.fine.open_ms[-1]) + interval_ms(data.fine.interval) for data in dataset.symbols)
    return tuple(first + int(share * (last - first)) for share in _RUNGS)


def _judged(study: Study, plan: Plan, bench: Bench, pool: Pool, seed: int) -> Optimisation:
    trials = read_trials(study, plan.objectives)
    best = trials.best
    if best is None:
        study.set_user_attr(
            VERDICT, {"believable": False, "warnings": ["no trial has a score"], "trial": None}
        )
        return Optimisation(study.study_name, trials, None, None, 0)
    played = Player(bench).play(best.values)
    plateau = plateau_of(best.scores[0], _neighbour_scores(best.values, plan, pool))
    returns = [row.returns for row in trials.finished]
    honesty = judge(played, best.returns, returns, trials.made, plateau, seed)
    study.set_user_attr(VERDICT, {**honesty.as_dict(), "trial": best.number})
    return Optimisation(study.study_name, trials, best, honesty, played.longest_ms)


def _neighbour_scores(values: Values, plan: Plan, pool: Pool) -> list[float]:
    """Play the sets one step away from the best; those that constraints or configuration refuse are none."""
    near = [v for v in plan.space.neighbours(values) if plan.space.broken(v, plan.fixed) is None]
    for number, neighbour in enumerate(near):
        pool.submit(Task(number, neighbour))
    found: dict[int, float] = {}
    answered = 0
    while answered < len(near):
        for answer in pool.answers(1.0):
            answered += 1
            if answer.figures is not None:
                found[answer.number] = scores(answer.figures, plan.objectives, plan.min_trades)[0]
    return [found[number] for number in sorted(found)]
