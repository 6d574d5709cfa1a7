"""What is announced: once a state, once a bar, by event time, whatever a restart does."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from golden_bars import DEFAULT, QUARTER_MS, evaluate_last, golden_history, with_config
from hypothesis import given
from hypothesis import strategies as st

from whalebot.decisions.scan.announcing import EMITTED, Announcer
from whalebot.decisions.scan.evaluation import Confidence, Direction, EventKind, ScanEvent
from whalebot.decisions.scan.scoring import confidence_of, next_direction
from whalebot.decisions.scan.window import FormingBar

BASE = evaluate_last(golden_history(), with_config(rsi_mode="momentum", stoch_rsi_mode="momentum"))


class Feed:
    """Gives an announcer scores, a second apart, and collects what it says."""

    def __init__(self, settings=DEFAULT) -> None:
        self.settings, self.announcer, self.ts, self.events = settings, Announcer(settings), 0, []

    def score(self, *scores: float, bar: int = 0, apart_ms: int = 1000) -> list[str]:
        """Feed scores within one bar; return the kinds of the events that came of them."""
        told = []
        for score in scores:
            self.ts += apart_ms
            held = self.announcer.held("BTCUSDT", "15")
            signal = next_direction(score, held, self.settings.signal_config)
            evaluation = replace(
                BASE,
                score=score,
                signal=signal,
                confidence=confidence_of(score, self.settings.signal_config),
                levels=None if signal is Direction.NONE else BASE.levels,
                ts_ms=self.ts,
                bar_start=bar * QUARTER_MS,
            )
            event = self.announcer.step(evaluation)
            if event is not None:
                self.events.append(event)
                told.append(event.kind.value)
        return told


def test_a_thousand_ticks_inside_one_state_make_one_event() -> None:
    feed = Feed()
    assert feed.score(*[0.5 + k * 1e-4 for k in range(1000)]) == ["new"]


def test_scores_around_the_threshold_make_two_events_in_one_bar() -> None:
    feed = Feed()
    assert feed.score(0.31, 0.29, 0.31, 0.26, 0.24, 0.31) == ["new", "end"]
    assert feed.score(0.31, bar=1) == ["new"]


def test_a_signal_that_came_back_unannounced_ends_unannounced() -> None:
    feed = Feed()
    assert feed.score(0.4, 0.1, 0.4, 0.1) == ["new", "end"]
    assert feed.score(0.28, bar=1) == []


def test_a_held_signal_is_new_in_the_next_bar_below_the_threshold_too() -> None:
    feed = Feed()
    feed.score(0.4, 0.1, 0.4)
    assert feed.score(0.27, bar=1) == ["new"]


def test_flips_and_upgrades() -> None:
    feed = Feed()
    assert feed.score(0.4, 0.75, 0.4, 0.75, -0.4, -0.8) == ["new", "upgrade", "flip", "upgrade"]
    ends = feed.score(0.0)
    assert ends == ["end"]
    last = feed.events[-1]
    assert (last.signal, last.confidence) == (Direction.SHORT, Confidence.HIGH)
    assert last.kind not in EMITTED
    assert len({event.id for event in feed.events}) == len(feed.events)


def test_each_way_is_new_once_a_bar() -> None:
    assert Feed().score(0.4, 0.0, -0.4, 0.0, 0.4, -0.4) == ["new", "end", "new", "end"]


def test_repeats_only_where_asked_for() -> None:
    feed = Feed(with_config(signal_repeat_seconds=10.0))
    assert feed.score(*[0.5] * 25) == ["new", "repeat", "repeat"]
    assert Feed().score(*[0.5] * 25) == ["new"]


def test_console_snapshots_are_throttled_and_an_announcement_restarts_the_clock() -> None:
    feed = Feed()
    due = feed.announcer.snapshot_due
    assert [due("BTCUSDT", "15", ms) for ms in (0, 30_000, 59_999, 60_000)] == [True, False, False, True]
    feed.ts = 90_000
    feed.score(0.5)
    assert not due("BTCUSDT", "15", 121_000)
    assert due("BTCUSDT", "15", 151_000)
    assert due("ETHUSDT", "15", 0)


def test_age_counts_bars_since_the_signal_was_told() -> None:
    feed = Feed()
    assert feed.announcer.age_bars("BTCUSDT", "15", 0) is None
    feed.score(0.5, bar=4)
    assert [feed.announcer.age_bars("BTCUSDT", "15", bar * QUARTER_MS) for bar in (4, 5, 9)] == [0, 1, 5]
    feed.score(0.0, bar=5)
    assert feed.announcer.age_bars("BTCUSDT", "15", 5 * QUARTER_MS) is None


@given(st.lists(st.tuples(st.floats(-1, 1), st.integers(0, 1), st.booleans()), max_size=40))
def test_a_restart_at_any_moment_changes_nothing(steps) -> None:
    straight, restarted, bar = Feed(), Feed(), 0
    for score, advance, restart in steps:
        bar += advance
        if restart:
            state = json.loads(json.dumps(restarted.announcer.to_dict()))
            restarted.announcer = Announcer.from_dict(DEFAULT, state)
        assert straight.score(score, bar=bar) == restarted.score(score, bar=bar)
    news = [(e.signal, e.evaluation.bar_start) for e in straight.events if e.kind is EventKind.NEW]
    assert len(set(news)) == len(news)


def test_weight_set_is_kept_and_a_symbol_forgotten() -> None:
    auto = replace(DEFAULT, active_weight_set="auto")
    announcer = Announcer(auto)
    assert announcer.weight_set("BTCUSDT", "15") == "low_volatility"
    announcer.set_weight_set("BTCUSDT", "15", "high_volatility")
    assert Announcer.from_dict(DEFAULT, announcer.to_dict()).weight_set("BTCUSDT", "15") == "low_volatility"
    again = Announcer.from_dict(auto, announcer.to_dict())
    assert again.weight_set("BTCUSDT", "15") == "high_volatility"
    again.forget("BTCUSDT")
    assert again.weight_set("BTCUSDT", "15") == "low_volatility"


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"version": 2, "signals": {}},
        {"version": 1},
        {"version": 1, "signals": {"X/15": {"held": "Up"}}},
        {"version": 1, "signals": {"X/15": {"moon": 1}}},
        {"version": 1, "signals": [1]},
    ],
)
def test_damaged_state_is_refused(state) -> None:
    with pytest.raises(ValueError, match="scan state"):
        Announcer.from_dict(DEFAULT, state)


def test_an_evaluation_inside_a_bar_belongs_to_the_forming_bar() -> None:
    forming = FormingBar(240 * QUARTER_MS, 116.0, 115.0, 116.0, 10.0)
    inside = evaluate_last(golden_history(), price=Decimal("116.0"), forming=forming)
    assert inside.bar_start == 240 * QUARTER_MS
    assert evaluate_last(golden_history()).bar_start == 239 * QUARTER_MS


def test_an_event_is_its_own_record_of_the_moment() -> None:
    feed = Feed()
    feed.score(0.5)
    event = feed.events[0]
    assert isinstance(event, ScanEvent)
    assert event.evaluation.score == 0.5
    again = Feed()
    again.score(0.5)
    assert again.events[0].id == event.id
