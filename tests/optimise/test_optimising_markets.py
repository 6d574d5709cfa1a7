"""Searches on made markets, end to end: planted optima found, luck called luck, no look at the future."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import replace

import numpy as np
import pytest
from optimise_markets import BACK, DAY, NAME, PULSE, START, STOPS, Maker, bench, drifting, pulses, table

from whalebot.domain.errors import ConfigError
from whalebot.research.optimise.bench import Bench, Player, Task
from whalebot.research.optimise.cutting import cut
from whalebot.research.optimise.figures import Played, figures_of
from whalebot.research.optimise.honesty import judge, plateau_of
from whalebot.research.optimise.optimisation import Optimisation, Way, optimise
from whalebot.research.optimise.pools import make_pool
from whalebot.research.optimise.search import Plan
from whalebot.research.optimise.space import Space
from whalebot.research.optimise.storage import open_storage
from whalebot.research.optimise.walkforward import Spans, walk_forward
from whalebot.research.optimise.wording import honesty_lines

SPANS = Spans(train_ms=60 * DAY, test_ms=20 * DAY, step_ms=20 * DAY, warm_up_ms=5 * DAY, needed_ms=3 * DAY)


def search(
    of: Bench, space: Space, objective: str = "sharpe_drawdown", trials: int = 17, **way: str
) -> Optimisation:
    plan = Plan(space, (objective,), trials)
    return optimise(of, plan, Way(**{"sampler": "grid", **way}), open_storage(None), "s", {})  # type: ignore[arg-type]


def test_a_planted_optimum_is_found_within_a_step() -> None:
    """Down by 1 ATR, then up to 2.2: the best stop is just wider, the best target just nearer."""
    found = search(bench(pulses(60), PULSE), STOPS, "net_pnl", 90, sampler="tpe")
    assert found.best is not None
    assert found.best.values["stop"] == pytest.approx(1.25, abs=0.25)
    assert found.best.values["target"] == pytest.approx(2.0, abs=0.25)
    assert found.best.figures["trades"] == 60


def test_noise_is_called_worthless() -> None:
    found = [search(bench(drifting(seed, 300, 0.0)), BACK) for seed in range(6)]
    assert all(run.best is not None and run.honesty is not None for run in found)
    honesty = [run.honesty for run in found if run.honesty is not None]
    assert not any(part.is_believable for part in honesty)
    assert sum(part.deflated.probability < 0.95 for part in honesty) == len(honesty)
    assert sum(part.overfitting > 0.5 for part in honesty) >= 2
    assert float(np.mean([part.overfitting for part in honesty])) > 0.3
    assert any("may be luck" in line for line in honesty[0].warnings())


def test_a_planted_edge_is_believed() -> None:
    for seed in range(3):
        honesty = search(bench(drifting(seed, 300, 0.4)), BACK).honesty
        assert honesty is not None
        assert honesty.deflated.probability > 0.99
        assert honesty.overfitting < 0.25
        assert honesty.warnings() == []
        assert honesty.trials == 17


def test_nothing_after_the_end_changes_a_result() -> None:
    clean = drifting(5, 130, 0.3)
    end = START + 100 * DAY
    poisoned = {}
    for name in ("open", "high", "low", "close"):
        column = getattr(clean, name).copy()
        column[100 * 24 :] = {"high": 10**9, "low": 1}.get(name, 10**6)
        poisoned[name] = column
    results = []
    for bars in (clean, table(*(poisoned[name] for name in ("open", "high", "low", "close")))):
        whole = bench(bars)
        part = replace(whole, dataset=cut(whole.dataset, START + 10 * DAY, end, 5 * DAY))
        found = search(part, BACK, pruner="median")
        walked = walk_forward(
            part, Plan(BACK, ("net_pnl",), 5, min_trades=1), Way("random"), open_storage(None), "w", {}, SPANS
        )
        results.append((found.as_dict(), walked.as_dict()))
    assert results[0] == results[1]
    assert results[0][0]["pruned"] + len(BACK.parameters[0].grid()) >= 17


def test_training_does_not_see_its_test_span() -> None:
    clean = drifting(6, 100, 0.3)
    columns = [getattr(clean, name).copy() for name in ("open", "high", "low", "close")]
    for column in columns:
        column[80 * 24 :] = column[80 * 24 : 80 * 24 + 1]
    chosen = []
    for bars in (clean, table(*columns)):
        plan = Plan(BACK, ("net_pnl",), 6, min_trades=1)
        walked = walk_forward(bench(bars), plan, Way("random"), open_storage(None), "w", {}, SPANS)
        chosen.append([fold.found.best.values for fold in walked.folds if fold.found.best is not None])
        assert walked.purge_ms > SPANS.needed_ms
        assert all(f.fold.train_until_ms == f.fold.test_from_ms - walked.purge_ms for f in walked.folds)
        assert len(walked.returns) == 40
        assert walked.equity[-1] == pytest.approx(math.prod(1 + fold.total for fold in walked.folds))
    assert len(chosen[0]) == 2
    assert chosen[0] == chosen[1]


def test_a_walk_on_a_planted_edge_keeps_most_of_it() -> None:
    plan = Plan(BACK, ("net_pnl",), 8, min_trades=1)
    walked = walk_forward(
        bench(drifting(1, 200, 0.5)),
        plan,
        Way("random"),
        open_storage(None),
        "w",
        {},
        replace(SPANS, anchored=True),
    )
    assert all(fold.fold.train_from_ms == START for fold in walked.folds)
    assert walked.efficiency > 0.5
    assert walked.profitable > 0.5
    assert 0 <= walked.stability()["back"] <= 1
    assert walked.honesty.trials == 8 * len(walked.folds)


def test_spans_that_do_not_fit_are_refused() -> None:
    plan = Plan(BACK, ("net_pnl",), 2)
    for spans, words in (
        (replace(SPANS, train_ms=100 * DAY), "nothing lies after"),
        (replace(SPANS, train_ms=3 * DAY), "purge"),
    ):
        with pytest.raises(ConfigError, match=words):
            walk_forward(bench(drifting(1, 90, 0.5)), plan, Way("random"), open_storage(None), "w", {}, spans)


@pytest.mark.parametrize("symbols", [1, 2])
def test_what_columns_cannot_express_is_played_by_events(symbols: int) -> None:
    """The same trades on both tiers where both can, hence the same figures."""
    other_bars = [replace(drifting(3, 25, 0.2), symbol="ETHUSDT")][: symbols - 1]
    of = bench(drifting(2, 30, 0.3), NAME, *other_bars)
    by_columns, returns = figures_of(Player(of).play({"back": 20}))
    trailing = Maker(native_trailing=True)
    by_events, other = figures_of(Player(replace(of, make_settings=trailing)).play({"back": 20}))
    assert (by_columns.tier, by_events.tier) == ("column", "event")
    assert by_events.net_pnl == pytest.approx(by_columns.net_pnl, rel=1e-9)
    assert (by_events.trades, by_events.longest_ms) == (by_columns.trades, by_columns.longest_ms)
    assert by_events.sqn == pytest.approx(by_columns.sqn, rel=1e-6)
    assert other == pytest.approx(returns, abs=1e-12)


def test_decisions_are_made_once_for_many_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    from whalebot.research.strategies.ema_cross import EmaCrossStrategy

    calls, plain = [], EmaCrossStrategy.columns
    monkeypatch.setattr(EmaCrossStrategy, "columns", lambda self, data: calls.append(1) or plain(self, data))
    player = Player(bench(drifting(1, 60, 0.3), "ema_cross"))
    figures = [player.answer(Task(i, {"stop": 1.0 + i, "back": 14})).figures for i in range(4)]
    assert len({f.net_pnl for f in figures if f is not None}) == 4
    assert len(calls) == 1
    player.answer(Task(9, {"stop": 1.0, "back": 15}))
    assert len(calls) == 2


def test_a_refused_set_of_values_is_an_answer() -> None:
    def refuse(values: object) -> object:
        raise ConfigError("no")

    answer = Player(replace(bench(drifting(1, 30, 0.0)), make_settings=refuse)).answer(Task(3, {}))  # type: ignore[arg-type]
    assert (answer.number, answer.refused, answer.figures) == (3, "no", None)


def _answers(jobs: int, engine: str) -> dict[int, object]:
    pool = make_pool(bench(drifting(3, 60, 0.3), "ema_cross"), jobs, engine)
    try:
        for number in range(4):
            pool.submit(Task(number, {"stop": 1.0 + number}))
        found: dict[int, object] = {}
        while len(found) < 4:
            found |= {answer.number: answer.figures for answer in pool.answers(5.0)}
        return found
    finally:
        pool.close()


def test_worker_processes_answer_as_this_process_does() -> None:
    assert _answers(2, "local") == _answers(1, "local")


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed (extra: ray)")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.timeout(300)
def test_two_ray_workers_answer_as_this_process_does() -> None:
    assert _answers(2, "ray") == _answers(1, "local")


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_its_engine_is_refused() -> None:
    with pytest.raises(ConfigError, match="pip install"):
        make_pool(bench(drifting(3, 30, 0.3)), 2, "ray")


@pytest.mark.parametrize(
    ("best", "near", "expected"),
    [
        (2.0, [1.0, 1.5, 9.0], 0.75),
        (2.0, [2.0, 3.0], 1.25),
        (-1.0, [-2.0, -2.0], 0.0),
        (-2.0, [-1.0], 1.5),
        (-2.0, [-2.2], 0.9),
        (-1.0, [1.0], 3.0),
        (2.0, [-1.0], -0.5),
        (0.0, [0.0], 1.0),
        (2.0, [-math.inf, -math.inf, 1.0], -math.inf),
    ],
)
def test_a_plateau_is_what_the_neighbours_reach(best: float, near: list[float], expected: float) -> None:
    assert plateau_of(best, near) == pytest.approx(expected)
    assert math.isnan(plateau_of(best, []))
    assert math.isnan(plateau_of(0.0, [1.0]))


@pytest.mark.parametrize(
    ("plateau", "words"),
    [
        (1.3, "the neighbours are better than the best trial: search further"),
        (0.4, "WARNING: a lonely peak: its neighbours come to 0.40"),
        (-math.inf, "WARNING: a lonely peak: half of its neighbours or more have no score"),
        (math.nan, "WARNING: plateau not known"),
    ],
)
def test_the_plateau_is_told_in_words(plateau: float, words: str) -> None:
    rng = np.random.default_rng(1)
    trials = [rng.normal(0.01, 0.001, 64) for _ in range(3)]
    played = Played("", "", 1.0, np.ones(3), np.ones(3), np.zeros(0, dtype=np.int64), np.zeros(0), 0)
    lines = honesty_lines(judge(played, trials[0], trials, 3, plateau, 0))
    assert any(words in line for line in lines)
    assert any("search further" in line for line in lines) == (plateau > 1)


def test_the_strategy_is_named_by_module_and_class() -> None:
    assert search(bench(drifting(0, 60, 0.3), NAME), BACK, trials=3, sampler="random").trials.made == 3
