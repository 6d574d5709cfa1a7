"""The scores against a second, plain reading of the same rules."""

from __future__ import annotations

import pytest
from analysis_markets import MIDNIGHT, MINUTE, recorded, walk
from plain_scorer import PlainScorer

from whalebot.decisions.analysis.resample import resample
from whalebot.decisions.analysis.settings import IndicatorSettings, MtfSettings, ScoringSettings
from whalebot.decisions.analysis.table import score_history

FILES = (
    "ADAUSDT-5m-bybit_linear-20250924_20260430.csv.gz",
    "SOLUSDT-5m-bybit_linear-20250924_20260430.csv.gz",
    "DOGEUSDT-1m-bybit_linear-20250530_20250629.csv.gz",
    "BTCUSDT-1m-binance_spot-20220615_20220719.csv.gz",
)


@pytest.mark.parametrize("name", [*FILES, "walk"])
def test_scores_equal_a_plain_reading_bar_by_bar(name: str) -> None:
    if name == "walk":
        bars, interval = walk(21, 1600, start=MIDNIGHT), "15"
    elif "-5m-" in name:
        bars, interval = resample(recorded(name, 5400), "5", "15"), "15"
    else:
        bars, interval = recorded(name, 1800), "1"
        first = int((-(bars.open_ms[0] // MINUTE)) % 1440)
        bars = bars.part(first, len(bars)) if first < 600 else bars
    table = score_history(bars, interval, ScoringSettings(), IndicatorSettings(), MtfSettings())
    plain = PlainScorer(bars, table.trends)
    for row in range(100, len(bars)):
        assert table.score[row] == pytest.approx(plain.score(row), abs=1e-9), row
