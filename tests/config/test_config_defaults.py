"""The documented defaults, written out by hand, and the files that are shipped."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from whalebot.app.config.defaults import default_text, write_default
from whalebot.app.config.document import Config
from whalebot.app.config.environment import Environment
from whalebot.app.config.loading import load
from whalebot.app.config.reference import with_reference
from whalebot.app.config.schema import SCHEMA_FILE, leaves, schema_text
from whalebot.decisions.analysis.settings import DEFAULT_WEIGHTS
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import INTERVALS
from whalebot.scanner.key_table import default_table

ROOT = Path(__file__).resolve().parents[2]

DOCUMENTED = {
    "mode": "demo",
    "live_trading_confirmed": False,
    "exchange": {
        "rest_url": None,
        "ws_public_url": None,
        "ws_private_url": None,
        "trusted_hosts": [],
        "account_id": None,
        "recv_window_ms": 5000,
        "time_scale": 1,
    },
    "demo": {"speed": 3600, "market": "gbm-regimes", "seed": 7, "data": []},
    "symbol": "BTCUSDT",
    "interval": "15",
    "intrabar": False,
    "loop_delay": 15,
    "orderbook_limit": 50,
    "timezone": "America/Chicago",
    "signal_score_threshold": 2.0,
    "cooldown_sec": 60,
    "cooldown_bars": 0,
    "hysteresis_ratio": 0.85,
    "volume_confirmation_multiplier": 1.5,
    "volume_delta_source": "klines",
    "mtf_analysis": {
        "enabled": True,
        "higher_timeframes": ["60", "240"],
        "trend_indicators": ["ema", "ehlers_supertrend"],
        "trend_period": 50,
    },
    "indicator_settings": {
        "atr_period": 14,
        "ema_short_period": 9,
        "ema_long_period": 21,
        "rsi_period": 14,
        "rsi_oversold": 30,
        "rsi_overbought": 70,
        "stoch_rsi_period": 14,
        "stoch_k_period": 3,
        "stoch_d_period": 3,
        "stoch_rsi_oversold": 20,
        "stoch_rsi_overbought": 80,
        "bollinger_bands_period": 20,
        "bollinger_bands_std_dev": 2.0,
        "cci_period": 20,
        "cci_oversold": -100,
        "cci_overbought": 100,
        "williams_r_period": 14,
        "williams_r_oversold": -80,
        "williams_r_overbought": -20,
        "mfi_period": 14,
        "mfi_oversold": 20,
        "mfi_overbought": 80,
        "psar_acceleration": 0.02,
        "psar_max_acceleration": 0.2,
        "sma_short_period": 10,
        "sma_long_period": 50,
        "fibonacci_window": 60,
        "ehlers_fast_period": 10,
        "ehlers_fast_multiplier": 2.0,
        "ehlers_slow_period": 20,
        "ehlers_slow_multiplier": 3.0,
        "macd_fast_period": 12,
        "macd_slow_period": 26,
        "macd_signal_period": 9,
        "adx_period": 14,
        "ichimoku_tenkan_period": 9,
        "ichimoku_kijun_period": 26,
        "ichimoku_senkou_span_b_period": 52,
        "ichimoku_chikou_span_offset": 26,
        "obv_ema_period": 20,
        "cmf_period": 20,
        "volatility_index_period": 20,
        "vwma_period": 20,
        "volume_delta_period": 5,
        "volume_delta_threshold": 0.2,
        "vwap_daily_reset": True,
        "vwap_period": 20,
        "kama_period": 10,
        "kama_fast_period": 2,
        "kama_slow_period": 30,
        "relative_volume_period": 20,
        "relative_volume_threshold": 1.5,
        "market_structure_lookback_period": 20,
        "dema_period": 14,
        "keltner_period": 20,
        "keltner_atr_multiplier": 2.0,
        "roc_period": 12,
        "roc_oversold": -5,
        "roc_overbought": 5,
    },
    "indicators": dict.fromkeys(DEFAULT_WEIGHTS, True),
    "weight_sets": {"default_scalping": dict(DEFAULT_WEIGHTS)},
    "active_weight_set": "default_scalping",
    "dynamic_threshold": {"enabled": False},
    "scoring": {"model": "groups"},
    "trade_management": {
        "enabled": True,
        "account_balance": 1000.0,
        "risk_per_trade_percent": 1.0,
        "stop_loss_atr_multiple": 1.5,
        "take_profit_atr_multiple": 2.0,
        "enable_trailing_stop": True,
        "trailing_stop_atr_multiple": 0.8,
        "break_even_atr_trigger": 0.5,
        "move_to_breakeven_atr_trigger": 1.0,
        "profit_lock_in_atr_multiple": 0.5,
        "close_on_opposite_signal": True,
        "reverse_position_on_opposite_signal": False,
        "max_open_positions": 1,
        "max_total_positions": 5,
        "leverage": 5,
        "order_mode": "MARKET",
        "take_profit_type": "MARKET",
        "stop_loss_type": "MARKET",
        "trigger_by": "LastPrice",
        "max_hold_bars": None,
        "min_stop_move_bps": 0,
        "native_trailing": False,
        "slippage_percent": None,
        "trading_fee_percent": 0.055,
        "maker_fee_percent": 0.02,
        "latency_ms": None,
    },
    "adopt_foreign_positions": "protect",
    "on_shutdown": "keep",
    "pyramiding": {"enabled": False, "max_adds": 2, "step_atr": 0.7, "size_pct_of_initial": 0.5},
    "take_profit_ladder": {
        "enabled": False,
        "steps": [
            {"atr_multiple": 1.0, "size_percent": 40},
            {"atr_multiple": 1.5, "size_percent": 40},
            {"atr_multiple": 2.0, "size_percent": 20},
        ],
        "break_even_after_first": True,
    },
    "ev_filter": {"enabled": False, "min_trades": 10},
    "risk_guardrails": {
        "enabled": True,
        "max_day_loss_pct": 3.0,
        "max_drawdown_pct": 8.0,
        "cooldown_after_kill_min": 120,
        "spread_filter_bps": 5.0,
        "max_consecutive_losses": 5,
        "max_orders_per_minute": 10,
        "max_position_notional": None,
        "price_band_pct": 1.0,
        "min_target_to_cost": 3.0,
        "on_kill": "close",
        "max_data_age_s": 10,
        "max_clock_offset_ms": 500,
        "avoid_funding_min": 0,
    },
    "session_filter": {"enabled": False, "utc_allowed": []},
    "record": False,
    "recordings": {"keep_days": 30, "max_mb": 10240},
    "logging": {"level": "INFO"},
    "alerts": {
        "enabled": False,
        "channels": [],
        "max_per_minute": 10,
        "dedup_s": 600,
        "heartbeat_url": None,
        "escalate_after_min": 30,
        "quiet_hours": None,
        "daily_summary": None,
        "telegram": {"enabled": False, "token": None, "chat_ids": []},
    },
    "metrics": {"textfile": None},
    "web": {
        "enabled": False,
        "host": "127.0.0.1",
        "port": 8000,
        "token": None,
        "allowed_hosts": [],
        "allow_orders": False,
    },
    "lease": {"kind": "off", "name": "whalebot", "duration_s": 30, "renew_s": 10},
}


def test_an_empty_file_means_the_documented_defaults(read) -> None:
    values = read({}).config.model_dump(mode="json", by_alias=True)
    assert {name: values[name] for name in DOCUMENTED} == DOCUMENTED
    assert values.keys() - DOCUMENTED.keys() == {
        *("$schema", "symbols", "scanner", "prism", "strategies", "portfolio")
    }


def test_the_shipped_file_is_complete_and_current() -> None:
    shipped = (ROOT / "config.json").read_text()
    assert shipped == default_text()
    written = json.loads(shipped)
    schema = written.pop("$schema")
    assert written.pop("scanner") == default_table()
    assert written == DOCUMENTED
    assert (ROOT / schema).resolve() == SCHEMA_FILE.resolve()


def test_the_shipped_schema_is_current() -> None:
    assert SCHEMA_FILE.read_text() == schema_text(), (
        "python -m whalebot config schema > whalebot/app/config/schema.json"
    )


def test_the_reference_is_current() -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    assert page == with_reference(page), (
        "python -m whalebot.app.config.reference prints the part between the marks"
    )


def test_every_key_has_a_meaning_and_every_optional_one_a_default() -> None:
    for path, node in leaves():
        assert node.get("description"), path
        assert "default" in node or path[-1] in ("name", "url", "atr_multiple", "size_percent"), path


def test_the_names_of_weights_and_switches_are_those_of_the_groups() -> None:
    config = Config()
    assert list(config.indicators.model_dump()) == list(DEFAULT_WEIGHTS)
    assert config.weights.model_dump() == dict(DEFAULT_WEIGHTS)


def test_the_intervals_are_those_of_the_domain(read, refused) -> None:
    for interval in INTERVALS:
        assert read({"interval": interval}).config.interval == interval
    [problem] = refused({"interval": "10"}).problems
    assert all(f'"{interval}"' in problem.text for interval in INTERVALS)


def test_a_missing_file_is_written_for_its_owner_alone(tmp_path) -> None:
    path = tmp_path / "config.json"
    assert not load(path, Environment({})).found
    write_default(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = load(path, Environment({}))
    assert loaded.found
    others = {"schema_path", "scanner"}
    assert loaded.config.model_dump(exclude=others) == Config().model_dump(exclude=others)
    assert loaded.config.scanner == default_table()
    assert json.loads(path.read_text())["$schema"] == SCHEMA_FILE.resolve().as_uri()


def test_an_existing_file_is_never_written_over(tmp_path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"mode": "paper"}')
    write_default(path)
    assert path.read_text() == '{"mode": "paper"}'


def test_a_folder_that_takes_no_file_is_named(tmp_path) -> None:
    with pytest.raises(ConfigError, match="--dir"):
        write_default(tmp_path / "gone" / "config.json")
