"""The trials of a study as they are judged: values, scores, figures and returns by day."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from whalebot.indicators.arrays import FloatArray
from whalebot.research.optimise.bench import Answer
from whalebot.research.optimise.objectives import WORST
from whalebot.research.optimise.space import Value

RESULT: Final = "result"
REJECTED: Final = "rejected"
DROPPED: Final = "dropped"


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One finished trial. `scores`: one per objective, the larger the better, −inf where worthless.

    `figures` by name, None where one says nothing. `returns`: by day.
    """

    number: int
    values: Mapping[str, Value]
    scores: tuple[float, ...]
    figures: Mapping[str, Any]
    returns: FloatArray
    config_hash: str


@dataclass(frozen=True, slots=True)
class Trials:
    """All that a study has tried. `rejected`: reason -> how often; `pruned`: given up early."""

    objectives: tuple[str, ...]
    finished: tuple[TrialRow, ...]
    pruned: int
    rejected: Mapping[str, int]

    @property
    def made(self) -> int:
        """Number of trials that saw the data."""
        return len(self.finished) + self.pruned

    @property
    def best(self) -> TrialRow | None:
        """The best by the first objective, the earliest of equals; None where no trial has a finite score."""
        found: TrialRow | None = None
        so_far = WORST
        for row in self.finished:
            if row.scores[0] > so_far:
                found, so_far = row, row.scores[0]
        return found

    @property
    def front(self) -> tuple[TrialRow, ...]:
        """The trials that no other beats in every objective, best by the first objective first."""
        known = [row for row in self.finished if all(math.isfinite(score) for score in row.scores)]
        kept = [row for row in known if not any(_beats(other.scores, row.scores) for other in known)]
        return tuple(sorted(kept, key=lambda row: row.scores, reverse=True))

    def row(self, number: int) -> TrialRow | None:
        """Return a finished trial by its number."""
        return next((row for row in self.finished if row.number == number), None)

    def ranked(self) -> list[TrialRow]:
        """Return finished trials, best by the first objective first, non-finite ones last."""
        return sorted(self.finished, key=lambda row: (-row.scores[0], row.number))


def read_trials(study: Study, objectives: Sequence[str]) -> Trials:
    """Return what a study holds."""
    finished, pruned = [], 0
    rejected: dict[str, int] = {}
    for trial in study.get_trials(deepcopy=False):
        if REJECTED in trial.user_attrs:
            reason = trial.user_attrs[REJECTED]
            rejected[reason] = rejected.get(reason, 0) + 1
        elif trial.state is TrialState.PRUNED:
            pruned += 1
        elif trial.state is TrialState.COMPLETE and RESULT in trial.user_attrs:
            finished.append(_row(trial))
    return Trials(tuple(objectives), tuple(finished), pruned, rejected)


def result_text(answer: Answer) -> str:
    """Return what a trial keeps of its answer."""
    if answer.figures is None or answer.returns is None:
        raise AssertionError("a refused trial has no result")
    days = base64.b64encode(np.ascontiguousarray(answer.returns, dtype="<f8").tobytes()).decode()
    return json.dumps(
        {"figures": answer.figures.as_dict(), "returns": days, "config_hash": answer.config_hash}
    )


def _row(trial: FrozenTrial) -> TrialRow:
    kept = json.loads(trial.user_attrs[RESULT])
    return TrialRow(
        number=trial.number,
        values=dict(trial.params),
        scores=tuple(trial.values),
        figures=kept["figures"],
        returns=np.frombuffer(base64.b64decode(kept["returns"]), dtype="<f8"),
        config_hash=kept["config_hash"],
    )


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(a >= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)
