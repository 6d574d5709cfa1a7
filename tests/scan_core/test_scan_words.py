"""Rationale, indicator table, explanation and the record that goes to files."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from golden_bars import DEFAULT, evaluate_last, golden_history, history_of, with_config

from whalebot.decisions.scan.announcing import Announcer
from whalebot.decisions.scan.ranking import MarketFacts
from whalebot.decisions.scan.record import CSV_FIELDS, FIRST_FIELDS, record_of
from whalebot.decisions.scan.settings import INDICATORS, IndicatorSwitch
from whalebot.decisions.scan.wording import (
    explain_lines,
    indicator_rows,
    interval_label,
    price_text,
    rationale,
)

MOMENTUM = with_config(rsi_mode="momentum", stoch_rsi_mode="momentum")
GOLDEN, LONG = evaluate_last(golden_history()), evaluate_last(golden_history(), MOMENTUM)
TICK = Decimal("0.01")


def test_rationale_lists_votes_with_signed_weights() -> None:
    assert rationale(GOLDEN) == (
        "ema_alignment: +0.40 | momentum: +0.30 | volume_confirmation: +0.20 | "
        "stoch_rsi: -0.70 | rsi: -0.60 | macd: +0.50"
    )
    assert rationale(evaluate_last(history_of(np.full(210, 5.0)))) == "No significant contributions"


def test_rationale_follows_the_sets_own_order() -> None:
    settings = replace(DEFAULT, weight_sets={"mine": {"macd": 1.0, "rsi": 2.0}}, active_weight_set="mine")
    assert (
        rationale(evaluate_last(golden_history(), settings, weight_set="mine")) == "macd: +1.00 | rsi: -2.00"
    )


def test_labels_and_prices() -> None:
    assert [interval_label(i) for i in ("1", "15", "60", "240", "D", "W", "M")] == [
        "1m",
        "15m",
        "1h",
        "4h",
        "D",
        "W",
        "M",
    ]
    assert price_text(Decimal("0.00001234"), Decimal("0.0000001")) == "0.0000123"
    assert price_text(1234.56, Decimal("5")) == "1235"
    assert price_text(math.nan, TICK) == "–"


def test_indicator_table_of_the_golden_vector() -> None:
    every = replace(DEFAULT, indicators={n: IndicatorSwitch() for n in INDICATORS})
    rows = {r.row: (r.value, r.status, r.vote) for r in indicator_rows(GOLDEN, every, TICK)}
    assert rows == {
        "EMA": ("107.95", "Bullish", 1),
        "Momentum": ("0.8033", "Uptrend", 1),
        "OBV": ("16640.00 (x1.02)", "Bullish", 1),
        "Divergence": ("no swings", "Neutral", 0),
        "Stoch RSI (K)": ("1.0000", "Bearish", -1),
        "RSI": ("85.9826", "Bearish", -1),
        "MACD": ("3.4099 / 2.3873", "Bullish", 1),
        "BBands": ("98.92 - 115.63", "Neutral", 0),
        "BB Squeeze": ("0.1558", "Neutral", 0),
        "VWAP": ("103.11", "Bullish", 0),
        "Pivot Breakout": ("120.28 / 97.51", "Neutral", 0),
    }
    shown = [r.row for r in indicator_rows(GOLDEN, DEFAULT, TICK)]
    assert shown == ["EMA", "Momentum", "OBV", "Stoch RSI (K)", "RSI", "MACD", "BBands", "VWAP"]


def test_other_modes_are_named_and_follow_the_vote() -> None:
    rows = {r.row: r for r in indicator_rows(LONG, MOMENTUM, TICK)}
    assert rows["RSI (momentum)"].status == "Bullish"
    assert rows["RSI (momentum)"].style == "long"


def test_warming_stale_off_and_squeezed() -> None:
    short = history_of(golden_history().close[:25], golden_history().high[:25], golden_history().low[:25])
    rows = {r.row: r for r in indicator_rows(evaluate_last(short), DEFAULT, TICK)}
    assert (rows["MACD"].value, rows["MACD"].status, rows["MACD"].vote) == ("–", "Warming up", None)
    assert rows["RSI"].status != "Warming up"
    assert {r.status for r in indicator_rows(GOLDEN, DEFAULT, TICK, stale=True)} == {"Stale"}
    off = replace(DEFAULT, indicators={**DEFAULT.indicators, "rsi": IndicatorSwitch(False, True)})
    row = next(r for r in indicator_rows(evaluate_last(golden_history(), off), off, TICK) if r.row == "RSI")
    assert (row.status, row.vote) == ("Off", None)
    armed = replace(GOLDEN, bar=GOLDEN.bar._replace(armed=1.0))
    every = replace(DEFAULT, indicators={n: IndicatorSwitch() for n in INDICATORS})
    row = next(r for r in indicator_rows(armed, every, TICK) if r.row == "BB Squeeze")
    assert (row.value, row.status) == ("0.1558 armed", "Squeezed")


def test_explanation_shows_the_whole_sum() -> None:
    text = "\n".join(explain_lines(LONG, MOMENTUM, TICK))
    assert "sum +2.70 / 4.10 = score +0.6585" in text
    assert "entry 115.62, stop 111.08, target 124.69" in text
    assert "+1.40 = 0.3415" in text
    assert "+1.70 = 0.4146" in text
    assert "High needs a sum above 2.87" in text
    assert "the score does not pass 0.3" in "\n".join(explain_lines(GOLDEN, DEFAULT, TICK))


def test_record_of_an_event() -> None:
    event = Announcer(MOMENTUM).step(LONG)
    record = record_of(event, MarketFacts(spread_bps=1.5, funding=0.01), "0.1.0").as_json()
    assert tuple(record)[:8] == FIRST_FIELDS
    assert set(CSV_FIELDS) <= set(record)
    assert list(record)[8:] == [
        "id",
        "event",
        "symbol",
        "interval",
        "bar_start",
        "weight_set",
        "votes",
        "weights",
        "agreement",
        "atr",
        "levels",
        "spread_bps",
        "imbalance",
        "turnover24h",
        "funding_rate",
        "notes",
        "config_hash",
        "version",
    ]
    assert (record["entry_price"], record["stop_loss"], record["take_profit"]) == (115.62, 111.08, 124.69)
    assert record["timestamp"] == "1970-01-03T12:00:00.000+00:00"
    assert (record["signal_type"], record["event"], record["imbalance"]) == ("Long", "new", None)
    assert record["funding_rate"] == pytest.approx(0.0001)
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_record_of_an_end_has_no_levels() -> None:
    announcer = Announcer(MOMENTUM)
    announcer.step(LONG)
    record = record_of(announcer.step(GOLDEN), MarketFacts(), "0.1.0").as_json()
    assert (record["event"], record["signal_type"], record["confidence"]) == ("end", "Long", "Medium")
    assert (record["entry_price"], record["stop_loss"], record["take_profit"]) == (115.62, None, None)
