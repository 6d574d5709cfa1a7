"""The daemon itself, with its threads and clocks, gives the trades of the event tier on the same file."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from made_markets import walk
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


def test_a_replay_trades_as_the_event_tier_does(tmp_path: Path) -> None:
    path = write(tmp_path, walk(21, 2200, hole=(1500, 1560)), "BTCUSDT-5m-made.csv.gz")
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    command = [sys.executable, "-m", "whalebot", "--dir", str(tmp_path), "run", "--mode", "replay"]
    command += ["--data", str(path), "--speed", "max", "--until-end", "-q"]
    subprocess.run(command, check=True, timeout=90, cwd=Path(__file__).resolve().parents[2])
    rows = json.loads((tmp_path / "trade_history.json").read_text())
    config = Config(symbols=("BTCUSDT",), **CONFIG)
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
    assert [facts(trade) for trade in played] == [facts(trade) for trade in ended]
    assert {ClosedBy.STOP_LOSS, ClosedBy.TRAILING_STOP} <= {trade.closed_by for trade in ended}
    assert len(ended) > 15
