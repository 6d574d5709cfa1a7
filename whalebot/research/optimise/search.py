"""One process's part in a study: asks for values, lets them be played, tells what came of them."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from whalebot.domain.errors import ConfigError
from whalebot.research.optimise.bench import Answer, Task
from whalebot.research.optimise.objectives import MIN_TRADES, scores
from whalebot.research.optimise.owners import Heartbeat, is_dead, now_s, own_name
from whalebot.research.optimise.pools import Pool
from whalebot.research.optimise.sampling import OWNER, distributions
from whalebot.research.optimise.space import Space, Values
from whalebot.research.optimise.trials import DROPPED, REJECTED, RESULT, result_text

RETRY_OF: Final = "retry_of"
_BEAT: Final = "beat:"
_UNSIGNED_S: Final = 15.0
_LOOK_S: Final = 2.0
_MOST_REJECTED: Final = 500
_ANSWER_S: Final = 1.0
_numbers = itertools.count(1)
_active: set[str] = set()


def new_owner() -> str:
    """Return a name for one search of this process."""
    return f"{own_name()}/{next(_numbers)}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is searched for. `trials`: of the whole study, by all processes together.

    `fixed`: values of the configuration that constraints speak of. `most_fresh`: the size of a grid, None:
    no end. `rungs`: times up to which a trial is played first, to be given up early; empty: none.
    """

    space: Space
    objectives: tuple[str, ...]
    trials: int
    fixed: Values = field(default_factory=dict)
    min_trades: int = MIN_TRADES
    most_fresh: int | None = None
    rungs: tuple[int, ...] = ()


@dataclass(slots=True)
class _Flight:
    trial: Trial
    rung: int = 0


class Search:
    """Works on a study until its trials are finished, by this process or by others.

    A trial left behind by a dead process is put back with its values and finished by whoever comes next.
    """

    def __init__(self, study: Study, plan: Plan, pool: Pool, owner: str) -> None:
        self._study, self._plan, self._pool, self._owner = study, plan, pool, owner
        self._space = distributions(plan.space)
        self._flights: dict[int, _Flight] = {}
        self._rejected_in_a_row = 0
        self._next_look = 0.0
        self._counted = plan.trials
        self._made = 0

    def run(self, progress: Callable[[int, float], None] | None = None) -> None:
        """Search. `progress` hears the number of finished trials and the score of each as it comes.

        Raises ConfigError where nearly everything is rejected, or a worker died.
        """
        _active.add(self._owner)
        heartbeat = Heartbeat(lambda: self._study.set_user_attr(_BEAT + self._owner, now_s()))
        try:
            while self._fill():
                for answer in self._pool.answers(_ANSWER_S):
                    told = self._settle(answer)
                    if progress is not None and told is not None:
                        self._made += 1
                        progress(self._made, told)
        finally:
            heartbeat.stop()
            _active.discard(self._owner)

    # --- asking -----------------------------------------------------------------------------------------

    def _fill(self) -> bool:
        """Keep the pool busy; False when nothing is left to do, here or elsewhere."""
        while True:
            self._look_for_the_dead()
            while len(self._flights) < self._pool.jobs and self._may_ask():
                self._ask()
            if self._flights:
                return True
            trials = self._all()
            if not any(t.state in (TrialState.RUNNING, TrialState.WAITING) for t in trials):
                if not self._may_ask():
                    return False
            else:
                time.sleep(0.2)

    def _may_ask(self) -> bool:
        """Tell whether another trial is wanted; long before the end what was last seen is enough."""
        if self._plan.most_fresh is None and self._counted + 1 < self._plan.trials:
            return True
        trials = self._all()
        if any(t.state is TrialState.WAITING for t in trials):
            return True
        most = self._plan.most_fresh
        if most is not None and sum("grid_id" in t.system_attrs for t in trials) >= most:
            return False
        return sum(map(_counts, trials)) < self._plan.trials

    def _ask(self) -> None:
        trial = self._study.ask(self._space)
        reason = self._surplus(trial)
        if reason is not None:
            trial.set_user_attr(DROPPED, reason)
            self._tell(trial, TrialState.FAIL)
            return
        broken = self._plan.space.broken(trial.params, self._plan.fixed)
        if broken is not None:
            self._reject(trial, f"constraint {broken}")
            return
        self._flights[trial.number] = _Flight(trial)
        self._submit(trial.number)

    def _surplus(self, trial: Trial) -> str | None:
        """Say why a trial is one too many: others asked at the same moment, or it was put back twice."""
        retried = trial.user_attrs.get(RETRY_OF)
        if retried is None and trial.number < self._plan.trials:
            # Too few came before it, whatever they are; to read them all would take longer than to play one.
            self._counted = trial.number + 1
            return None
        trials = self._all()
        self._counted = sum(map(_counts, trials))
        before = [t for t in trials if t.number < trial.number]
        if retried is not None:
            twice = any(t.user_attrs.get(RETRY_OF) == retried for t in before)
            return f"trial {retried} was put back already" if twice else None
        return "enough were asked for" if sum(map(_counts, before)) >= self._plan.trials else None

    def _submit(self, number: int) -> None:
        flight = self._flights[number]
        rungs = self._plan.rungs
        until = rungs[flight.rung] if flight.rung < len(rungs) else None
        self._pool.submit(Task(number, dict(flight.trial.params), until))

    # --- telling ----------------------------------------------------------------------------------------

    def _settle(self, answer: Answer) -> float | None:
        flight = self._flights[answer.number]
        trial = flight.trial
        if answer.figures is None:
            del self._flights[answer.number]
            self._reject(trial, answer.refused or "refused")
            return None
        self._rejected_in_a_row = 0
        if flight.rung < len(self._plan.rungs):
            return self._climb(flight, answer)
        del self._flights[answer.number]
        trial.set_user_attr(RESULT, result_text(answer))
        found = scores(answer.figures, self._plan.objectives, self._plan.min_trades)
        self._tell(trial, TrialState.COMPLETE, found)
        return found[0]

    def _climb(self, flight: _Flight, answer: Answer) -> float | None:
        assert answer.figures is not None
        # On a part of the data too few trades are no fault yet.
        [score] = scores(answer.figures, self._plan.objectives, 1)
        flight.trial.report(score, flight.rung)
        if flight.trial.should_prune():
            del self._flights[answer.number]
            self._tell(flight.trial, TrialState.PRUNED)
            return score
        flight.rung += 1
        self._submit(answer.number)
        return None

    def _reject(self, trial: Trial, reason: str) -> None:
        trial.set_user_attr(REJECTED, reason)
        # Samplers of one objective learn from a pruned trial to keep away.
        alone = len(self._plan.objectives) == 1
        self._tell(trial, TrialState.PRUNED if alone else TrialState.FAIL)
        self._rejected_in_a_row += 1
        if self._rejected_in_a_row >= _MOST_REJECTED:
            raise ConfigError(f"{_MOST_REJECTED} sets of values in a row were rejected, at last: {reason}")

    def _tell(self, trial: Trial | int, state: TrialState, found: Sequence[float] | None = None) -> None:
        try:
            self._study.tell(trial, found, state)
        except (ValueError, UpdateFinishedTrialError):
            number = trial if isinstance(trial, int) else trial.number
            finished = self._study._storage.get_trial(
                self._study._storage.get_trial_id_from_study_id_trial_number(self._study._study_id, number)
            )
            if not finished.state.is_finished():
                raise
            # Taken for dead and put back: whoever plays it again tells the same.

    # --- the dead ---------------------------------------------------------------------------------------

    def _look_for_the_dead(self) -> None:
        """Put trials of dead processes back, each once, and count what all processes have made.

        The successor is made first: a process that dies in between leaves a trial that the next one finds.
        """
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LOOK_S
        trials = self._all()
        self._made = sum(map(_is_made, trials))
        left = [t for t in trials if t.state is TrialState.RUNNING and t.number not in self._flights]
        if not left:
            return
        attrs = self._study.user_attrs
        for trial in left:
            owner = trial.user_attrs.get(OWNER)
            beat = attrs.get(f"{_BEAT}{owner}")
            if not (_is_unsigned_and_old(trial) if owner is None else _is_gone(owner, beat)):
                continue
            if not any(t.user_attrs.get(RETRY_OF) == trial.number for t in self._all()):
                self._study.enqueue_trial(trial.params, user_attrs={RETRY_OF: trial.number})
            self._tell(trial.number, TrialState.FAIL)

    def _all(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)


def _is_gone(owner: str, beat: float | None) -> bool:
    if owner.rpartition("/")[0] == own_name():
        return owner not in _active
    return is_dead(owner.rpartition("/")[0], beat, now_s())


def _is_unsigned_and_old(trial: FrozenTrial) -> bool:
    started = trial.datetime_start
    return started is not None and now_s() - started.timestamp() > _UNSIGNED_S


def _is_made(trial: FrozenTrial) -> bool:
    done = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
    return done and REJECTED not in trial.user_attrs


def _counts(trial: FrozenTrial) -> bool:
    return trial.state is not TrialState.FAIL and REJECTED not in trial.user_attrs
