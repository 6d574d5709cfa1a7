"""Studies: the same trials again, none lost or played twice, whatever dies and whoever helps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from optimise_markets import HILL, HillPool, hill, search_hill
from optuna.trial import TrialState

from whalebot.domain.errors import ConfigError
from whalebot.research.optimise.objectives import WORST, scores
from whalebot.research.optimise.owners import is_dead, own_name
from whalebot.research.optimise.sampling import make_pruner, make_sampler
from whalebot.research.optimise.search import Plan, Search, new_owner
from whalebot.research.optimise.space import Space, space_of
from whalebot.research.optimise.storage import load_study, open_storage, open_study
from whalebot.research.optimise.trials import read_trials


def completed(study: optuna.Study) -> list[dict[str, object]]:
    return [t.params for t in study.get_trials(deepcopy=False) if t.state is TrialState.COMPLETE]


def child(url: str, trials: int, how: str, jobs: int = 1) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name("optimise_markets.py")
    return subprocess.Popen([sys.executable, str(script), url, str(trials), how, str(jobs)])


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_a_known_optimum_is_found(sampler: str) -> None:
    study = search_hill(None, HillPool(), 80, sampler)
    best = read_trials(study, ["net_pnl"]).best
    assert best is not None
    assert best.values["x"] == pytest.approx(2, abs=0.7)
    assert best.values["y"] == pytest.approx(-1, abs=0.7)
    assert best.scores[0] < 0  # the best of scores that are all below zero is found all the same


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "random"])
def test_one_job_and_one_seed_make_the_same_trials(sampler: str) -> None:
    runs = [completed(search_hill(None, HillPool(), 25, sampler)) for _ in range(2)]
    other = completed(search_hill(None, HillPool(), 25, sampler, seed=8))
    assert runs[0] == runs[1]
    assert runs[0] != other


def test_a_grid_is_played_once_and_whole() -> None:
    space = space_of({"parameters": {k: {"low": -2.0, "high": 2.0, "step": 1.0} for k in "xy"}})
    owner = new_owner()
    sampler = make_sampler("grid", space, 1, 3, owner, 1)
    study = open_study(open_storage(None), "grid", ["net_pnl"], {}, sampler, make_pruner("none", 1))
    Search(study, Plan(space, ("net_pnl",), 100, most_fresh=25), HillPool(jobs=3), owner).run()
    points = {(params["x"], params["y"]) for params in completed(study)}
    assert len(completed(study)) == len(points) == 25


@pytest.mark.parametrize("kind", ["sqlite:///{}/studies.db", "journal:///{}/studies"])
def test_a_killed_search_goes_on_without_loss_or_repetition(tmp_path: Path, kind: str) -> None:
    url = kind.format(tmp_path)
    assert child(url, 12, "6", jobs=2).wait(120) == -9
    before = load_study(open_storage(url), "hill").get_trials()
    left = [t for t in before if t.state is TrialState.RUNNING]
    assert len(left) == 2
    assert sum(t.state is TrialState.COMPLETE for t in before) == 6
    study = search_hill(url, HillPool(), 12)
    after = completed(study)
    assert len(after) == 12
    assert len({tuple(params.items()) for params in after}) == 12
    assert all(after.count(t.params) == 1 for t in left)
    assert all(t.params in after for t in before)
    assert [t.state for t in study.get_trials() if t.number in {t.number for t in left}] == [
        TrialState.FAIL
    ] * 2


def test_a_recovery_that_was_cut_short_puts_nothing_back_twice() -> None:
    study = search_hill(None, HillPool(), 3)
    dead = study.ask()
    dead.set_user_attr("owner", own_name() + "/gone")
    dead.suggest_float("x", -5, 5)
    for _ in range(2):  # as if two processes had found it at once
        study.enqueue_trial(dead.params, user_attrs={"retry_of": dead.number})
    pool = HillPool()
    Search(study, Plan(HILL, ("net_pnl",), 4), pool, new_owner()).run()
    assert [params["x"] for params in completed(study)].count(dead.params["x"]) == 1
    assert len(completed(study)) == 4
    assert pool.answered == 1


@pytest.mark.parametrize("kind", ["sqlite:///{}/studies.db", "{}/studies.journal"])
def test_two_processes_share_a_study(tmp_path: Path, kind: str) -> None:
    url = kind.format(tmp_path)
    both = [child(url, 20, "meet") for _ in range(2)]
    assert [process.wait(240) for process in both] == [0, 0]
    trials = load_study(open_storage(url), "hill").get_trials()
    done = [t for t in trials if t.state is TrialState.COMPLETE]
    assert len(done) == 20
    assert len({tuple(t.params.items()) for t in done}) == 20
    assert len({t.user_attrs["owner"] for t in done}) == 2
    assert not [t for t in trials if t.state in (TrialState.RUNNING, TrialState.WAITING)]


def test_constraints_are_rejected_before_they_are_played() -> None:
    space = Space(
        HILL.parameters,
        space_of({"parameters": {"x": {"low": 0, "high": 1}}, "constraints": ["x < y"]}).constraints,
    )
    pool = HillPool()
    study = search_hill(None, pool, 15, "tpe", space)
    assert pool.answered == len(completed(study)) == 15
    assert all(params["x"] < params["y"] for params in completed(study))
    assert read_trials(study, ["net_pnl"]).rejected["constraint x < y"] > 0


def test_a_space_in_which_nothing_is_allowed_ends() -> None:
    constraints = space_of({"parameters": {"x": {"low": 0, "high": 1}}, "constraints": ["x > 9"]}).constraints
    with pytest.raises(ConfigError, match="rejected, at last: constraint x > 9"):
        search_hill(None, HillPool(), 5, "random", Space(HILL.parameters, constraints))


def test_a_study_of_another_search_is_refused() -> None:
    storage = open_storage(None)
    sampler, pruner = make_sampler("random", HILL, 1, 0, "me", 1), make_pruner("none", 1)
    open_study(storage, "s", ["net_pnl"], {"data": "a", "files": "here"}, sampler, pruner)
    open_study(storage, "s", ["net_pnl"], {"data": "a", "files": "there"}, sampler, pruner)
    with pytest.raises(ConfigError, match="other data"):
        open_study(storage, "s", ["net_pnl"], {"data": "b"}, sampler, pruner)


def test_several_objectives_show_what_nothing_beats() -> None:
    owner, names = new_owner(), ("net_pnl", "calmar")
    sampler = make_sampler("tpe", HILL, 2, 1, owner, 1)
    study = open_study(open_storage(None), "two", names, {}, sampler, make_pruner("none", 2))
    Search(study, Plan(HILL, names, 60), HillPool(), owner).run()
    trials = read_trials(study, names)
    front = [row.scores for row in trials.front]
    assert len(front) > 1
    assert front == sorted(front, reverse=True)
    assert [calmar for _, calmar in front] == sorted(calmar for _, calmar in front)
    everything = [row.scores for row in trials.finished]
    assert not any(a > x and b > y for x, y in front for a, b in everything)


def test_too_few_trades_and_figures_that_are_no_numbers_come_last() -> None:
    figures = hill({"x": 2.0, "y": -1.0})
    assert scores(figures, ("net_pnl", "loss")) == (-1.0, -1.0)
    assert scores(figures, ("net_pnl",), min_trades=51) == (WORST,)
    unknown = type(figures)(
        *(float("inf") if f == "calmar" else getattr(figures, f) for f in figures.__slots__)
    )
    assert scores(unknown, ("calmar", "net_pnl")) == (WORST, -1.0)


def test_a_process_counts_as_dead_when_it_is() -> None:
    assert not is_dead(own_name(), None, 0.0)
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    realm = own_name().partition("/")[0]
    assert is_dead(f"{realm}/{ended.pid}/1", 1000.0, 1000.0)
    assert not is_dead("elsewhere/1/1", 1000.0, 1059.0)
    assert is_dead("elsewhere/1/1", 1000.0, 1061.0)
    assert is_dead("elsewhere/1/1", None, 1000.0)
