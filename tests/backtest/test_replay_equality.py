"""The daemon itself, with its threads and clocks, gives the trades of the event tier on the same file."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from made_markets import MIDNIGHT, MINUTE, walk
from test_backtest_command import write

from whalebot.adapters.storage.trade_json import decode_trade
from whalebot.app.config.document import Config
from whalebot.app.engine_setup import engine_settings
from whalebot.domain.enums import ClosedBy
from whalebot.domain.trade import ClosedTrade
from whalebot.engine.settings import FeedSettings
from whalebot.research.dataset import Dataset
from whalebot.research.event.run import run_event_tier
from whalebot.research.outcome import readable
from whalebot.research.reading import Source, read_symbol
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategies.scoring import ScoringStrategy

CONFIG = {
    "signal_score_threshold": 1.1,
    "trade_management": {"reverse_position_on_opposite_signal": True, "risk_per_trade_percent": 0.5},
    "risk_guardrails": {"min_target_to_cost": None},
}


def facts(trade: ClosedTrade) -> dict[str, object]:
    """Everything of a trade but the names that each run gives anew."""
    own = {"trade_id", "mode", "order_link_ids", "config_hash"}
    return {name: getattr(trade, name) for name in trade.__slots__ if name not in own}


def both(folder: Path, path: Path, given: dict[str, Any]) -> tuple[list[ClosedTrade], list[ClosedTrade]]:
    """Play a file to its end: (trades of the daemon, trades of the event tier)."""
    (folder / "config.json").write_text(json.dumps(given))
    command = [sys.executable, "-m", "whalebot", "--dir", str(folder), "run", "--mode", "replay"]
    command += ["--data", str(path), "--speed", "max", "--until-end", "-q"]
    subprocess.run(command, check=True, timeout=300, cwd=Path(__file__).resolve().parents[2])
    rows = json.loads((folder / "trade_history.json").read_text())
    config = Config(symbols=("BTCUSDT",), **given)
    engine = engine_settings(config, FeedSettings())
    data = read_symbol(Source("BTCUSDT", path), config.interval)
    result = run_event_tier(
        BacktestSettings(engine, balance=Decimal(1000)),
        Dataset(config.interval, (data,)),
        ScoringStrategy(engine),
    )
    played = [readable(decode_trade(json.dumps(row).encode()), data) for row in rows]
    # What is open when the data ends stays open in the daemon, and is closed in a backtest.
    ended = [trade for trade in result.trades if trade.closed_by is not ClosedBy.END_OF_DATA]
    return played, ended


def test_a_replay_trades_as_the_event_tier_does(tmp_path: Path) -> None:
    path = write(tmp_path, walk(21, 2200, hole=(1500, 1560)), "BTCUSDT-5m-made.csv.gz")
    played, ended = both(tmp_path, path, CONFIG)
    assert [facts(trade) for trade in played] == [facts(trade) for trade in ended]
    assert {ClosedBy.STOP_LOSS, ClosedBy.TRAILING_STOP} <= {trade.closed_by for trade in ended}
    assert len(ended) > 15


def test_a_trade_over_a_settlement_that_nobody_tells_is_recorded_too(tmp_path: Path) -> None:
    """The file starts at midnight and has no funding; the position is open at 08:00."""
    bars = walk(17, 600, interval="1")
    bars = replace(bars, open_ms=bars.open_ms - bars.open_ms[0] + MIDNIGHT)
    path = write(tmp_path, bars, "BTCUSDT-1m-made.csv.gz")
    played, ended = both(tmp_path, path, CONFIG | {"interval": "1"})
    assert [facts(trade) for trade in played] == [facts(trade) for trade in ended]
    settled_ms = MIDNIGHT + 8 * 60 * MINUTE
    assert any(trade.entry_ms < settled_ms < trade.exit_ms for trade in ended)
