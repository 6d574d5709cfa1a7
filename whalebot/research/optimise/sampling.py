"""How the next values are chosen, and which trials are given up early: Optuna's samplers and pruners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, Final

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GridSampler,
    NSGAIISampler,
    RandomSampler,
    TPESampler,
)
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from whalebot.domain.errors import ConfigError
from whalebot.research.optimise.space import Parameter, Space

OWNER: Final = "owner"
SAMPLERS: Final = ("tpe", "cmaes", "random", "grid")
PRUNERS: Final = ("none", "median", "halving")
_POPULATION: Final = 50


class SeededSampler(BaseSampler):
    """Chooses each trial with a generator of its own, seeded by the study's seed and the trial's number.

    So a study that is resumed, or shared by processes, draws no number twice, and one job alone always draws
    the same. What samplers remember they read from the study. Signs each trial with its owner at once.
    """

    def __init__(self, make: Callable[[int], BaseSampler], seed: int, owner: str) -> None:
        self._make, self._seed, self._owner = make, seed, owner
        self._inner = make(seed & 0x7FFFFFFF)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Sign the trial and take a fresh generator."""
        study._storage.set_trial_user_attr(trial._trial_id, OWNER, self._owner)
        state = np.random.SeedSequence([self._seed, trial.number]).generate_state(1)
        self._inner = self._make(int(state[0]) & 0x7FFFFFFF)
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Ask the sampler inside."""
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Ask the sampler inside."""
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Ask the sampler inside."""
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Tell the sampler inside; a grid would stop a loop that is not its own."""
        if not isinstance(self._inner, GridSampler):
            self._inner.after_trial(study, trial, state, values)


def make_sampler(name: str, space: Space, objectives: int, seed: int, owner: str, jobs: int) -> BaseSampler:
    """Return a sampler by name; several objectives at once are NSGA-II's, unless random or grid is asked for.

    Raises ConfigError for a name that is not known or a space that the sampler cannot search.
    """
    if name not in SAMPLERS:
        raise ConfigError(f"--sampler {name}: allowed are {', '.join(SAMPLERS)}")
    if name == "cmaes" and objectives > 1:
        raise ConfigError("--sampler cmaes: takes one objective; leave it out for NSGA-II")
    if name == "cmaes" and sum(not p.choices for p in space.parameters) < 2:
        raise ConfigError("--sampler cmaes: needs two numeric parameters at least; choose tpe")
    if name == "grid":
        grid = grid_of(space)
        return SeededSampler(lambda _: GridSampler(grid, seed=seed & 0x7FFFFFFF), seed, owner)
    makers: dict[str, Callable[[int], BaseSampler]] = {
        "random": lambda number: RandomSampler(seed=number),
        "cmaes": lambda number: CmaEsSampler(seed=number, warn_independent_sampling=False),
        "tpe": lambda number: TPESampler(seed=number, constant_liar=jobs > 1),
    }
    if name == "tpe" and objectives > 1:
        makers["tpe"] = lambda number: NSGAIISampler(population_size=_POPULATION, seed=number)
    return SeededSampler(makers[name], seed, owner)


def make_pruner(name: str, objectives: int) -> BasePruner:
    """Return a pruner by name. Raises ConfigError for one not known, or with several objectives."""
    if name not in PRUNERS:
        raise ConfigError(f"--pruner {name}: allowed are {', '.join(PRUNERS)}")
    if name != "none" and objectives > 1:
        raise ConfigError(f"--pruner {name}: trials are given up early for one objective only; choose none")
    if name == "median":
        return MedianPruner(n_startup_trials=10)
    return NopPruner() if name == "none" else SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)


def grid_of(space: Space) -> dict[str, Sequence[Any]]:
    """Return every value of every parameter. Raises ConfigError for one without a step."""
    return {parameter.key: parameter.grid() for parameter in space.parameters}


def grid_size(space: Space) -> int:
    """Return how many sets of values a grid has."""
    return prod(len(values) for values in grid_of(space).values())


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """Return the space as Optuna has it."""
    return {parameter.key: _distribution(parameter) for parameter in space.parameters}


def _distribution(p: Parameter) -> BaseDistribution:
    if p.choices:
        return CategoricalDistribution(p.choices)
    if p.whole:
        return IntDistribution(int(p.low), int(p.high), log=p.log, step=int(p.step or 1))
    return FloatDistribution(float(p.low), float(p.high), log=p.log, step=p.step)
