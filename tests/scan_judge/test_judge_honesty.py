"""What the judge may claim: nothing on a random walk, a planted edge with enough signals, overlap said."""

from __future__ import annotations

import numpy as np
import pytest
from judged_market import market, random_signals, random_walk, signal_at

from whalebot.domain.errors import ConfigError
from whalebot.scanner.judge import JudgeSettings, judge
from whalebot.scanner.judge_baseline import difference_interval, mean_overlap, spans_of
from whalebot.scanner.judge_outcomes import outcomes_of
from whalebot.scanner.judge_text import judgement_lines, proposal_lines
from whalebot.scanner.judge_weights import suggest_weights

HORIZONS = (1, 4, 16)


def test_interval_covers_zero_on_random_walks() -> None:
    covered = np.zeros(len(HORIZONS))
    for run in range(100):
        rng = np.random.default_rng(run)
        history = market(random_walk(rng, 3000))
        outcomes = outcomes_of(random_signals(rng, history, 150), {"BTCUSDT": history}, HORIZONS)
        for place, horizon in enumerate(HORIZONS):
            found = difference_interval(
                outcomes, {"BTCUSDT": history}, horizon, HORIZONS[-1], spans_of(outcomes), draws=1000
            )
            covered[place] += found.low <= 0.0 <= found.high
    assert covered.min() >= 93


def test_drift_is_no_edge() -> None:
    rng = np.random.default_rng(8)
    history = market(random_walk(rng, 4000) * np.exp(np.arange(4000) * 2e-4))
    rows = np.sort(rng.choice(np.arange(50, 3800), 400, replace=False)).tolist()
    figures = judge(
        [signal_at(history, row, 1) for row in rows], {"BTCUSDT": history}, JudgeSettings(HORIZONS, draws=500)
    )
    last = figures.groups[0].horizons[-1]
    assert last.signals.mean > 20e-4
    assert last.verdict == "not better than the baseline"


@pytest.mark.parametrize(
    ("edge", "verdict"), [(20e-4, "better than the baseline"), (-20e-4, "worse than the baseline")]
)
def test_planted_edge_of_twenty_basis_points_is_found(edge, verdict) -> None:
    rng = np.random.default_rng(21)
    bars, count = 24_000, 2000
    steps = rng.normal(0.0, 0.002, bars)
    rows = np.sort(rng.choice(np.arange(50, bars - 100), count, replace=False))
    signs = rng.choice([-1, 1], count)
    steps[rows + 1] += signs * edge
    history = market(100.0 * np.exp(np.cumsum(steps)))
    signals = [signal_at(history, row, int(sign)) for row, sign in zip(rows.tolist(), signs, strict=True)]
    figures = judge(signals, {"BTCUSDT": history}, JudgeSettings((1, 4), draws=2000)).groups[0].horizons
    assert [f.verdict for f in figures] == [verdict, verdict]
    assert figures[0].difference == pytest.approx(edge, abs=2e-4)
    assert figures[0].interval.low < edge < figures[0].interval.high


def test_intervals_are_the_same_each_time() -> None:
    rng = np.random.default_rng(2)
    history = market(random_walk(rng, 900))
    outcomes = outcomes_of(random_signals(rng, history, 50), {"BTCUSDT": history}, HORIZONS)
    again = [difference_interval(outcomes, {"BTCUSDT": history}, 4, 16, spans_of(outcomes)) for _ in range(2)]
    assert again[0] == again[1]
    assert np.isnan(difference_interval(outcomes, {"BTCUSDT": history}, 4, 600, spans_of(outcomes)).low)


def test_the_steps_of_the_interval_add_up_to_the_difference() -> None:
    rng = np.random.default_rng(12)
    walks = {name: market(random_walk(rng, 700), symbol=name) for name in ("AUSDT", "BUSDT")}
    signals = random_signals(rng, walks["AUSDT"], 40) + random_signals(rng, walks["BUSDT"], 25)
    for figures in judge(signals, walks, JudgeSettings(HORIZONS, draws=400)).groups[0].horizons:
        middle = (figures.interval.low + figures.interval.high) / 2.0
        width = figures.interval.high - figures.interval.low
        assert abs(middle - figures.difference) < 0.15 * width


def test_overlap_is_counted_by_symbol() -> None:
    history = market(np.full(200, 100.0))
    apart = [signal_at(history, row, 1) for row in (0, 50, 100)]
    assert mean_overlap(apart, 16) == pytest.approx(1.0)
    assert mean_overlap([signal_at(history, 5, 1), signal_at(history, 5, -1)], 16) == pytest.approx(2.0)
    assert mean_overlap([signal_at(history, 0, 1), signal_at(history, 8, 1)], 16) == pytest.approx(1.5)
    other = signal_at(history, 0, 1, symbol="ETHUSDT")
    assert mean_overlap([signal_at(history, 0, 1), other], 16) == pytest.approx(1.0)
    text = "\n".join(
        line.text for line in judgement_lines(judge(apart * 2, {"BTCUSDT": history}, JudgeSettings((16,))))
    )
    assert "overlap: 2.0 run at once" in text
    assert "too few" in text


def test_groups_tenths_and_indicators_hold_every_signal() -> None:
    rng = np.random.default_rng(6)
    history = market(random_walk(rng, 900))
    signals = random_signals(rng, history, 90)
    for by in ("symbol", "confidence", "weight_set", "interval", "hour"):
        found = judge(signals, {"BTCUSDT": history}, JudgeSettings((4,), by=by, draws=20))
        assert sum(group.n for group in found.groups[1:]) == 90
    scored = [signal_at(history, 60 + k, 1, score=0.3 + k / 200) for k in range(100)]
    tenths = judge(scored, {"BTCUSDT": history}, JudgeSettings((4,), draws=20)).deciles
    assert len(tenths) == 10
    assert sum(bucket.n for bucket in tenths) == 100
    rsi = [
        b
        for b in judge(signals, {"BTCUSDT": history}, JudgeSettings((4,), draws=20)).indicators
        if b.name.startswith("rsi")
    ]
    assert [(bucket.name, bucket.n) for bucket in rsi] == [
        ("rsi with", 90),
        ("rsi against", 0),
        ("rsi absent", 0),
    ]


def test_unknown_groups_and_horizons_are_refused() -> None:
    with pytest.raises(ConfigError, match="--by 'moon'"):
        JudgeSettings(by="moon")
    with pytest.raises(ConfigError, match="ascending"):
        JudgeSettings((4, 1))


def test_proposal_finds_the_vote_that_told_and_is_scored_on_later_signals() -> None:
    rng = np.random.default_rng(17)
    steps = rng.normal(0.0, 0.002, 6000)
    rows = np.arange(50, 5900, 10)
    votes = rng.choice([-1, 0, 1], (len(rows), 2))
    steps[rows + 1] += 0.002 * votes[:, 0]
    history = market(100.0 * np.exp(np.cumsum(steps)))
    signals = [
        signal_at(history, row, 1, votes={"rsi": int(a), "macd": int(b)}, weights={"rsi": 0.2, "macd": 0.9})
        for row, (a, b) in zip(rows.tolist(), votes.tolist(), strict=True)
    ]
    outcomes = outcomes_of(signals, {"BTCUSDT": history}, (1,))
    found = suggest_weights(outcomes, 0, 1, 0.3)
    assert found is not None
    assert found.weights["rsi"] > 5 * found.weights["macd"]
    assert sum(found.weights.values()) == pytest.approx(1.1)
    assert found.after.correlation > found.before.correlation + 0.1
    assert found.before.n == len(rows) - int(0.7 * len(rows))
    assert any("nothing is changed" in line.text for line in proposal_lines(found))
    assert suggest_weights(outcomes[:10], 0, 1, 0.3) is None
    assert next(proposal_lines(None)).is_faint
