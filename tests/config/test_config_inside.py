"""What the file becomes inside: units, the hash, the difference of a reload."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.app.config.convert import (
    bps,
    guardrail_settings,
    indicator_settings,
    milliseconds,
    mtf_settings,
    percent,
    scoring_settings,
    stop_rules,
    to_decimal,
    trade_settings,
)
from whalebot.app.config.document import Config
from whalebot.app.config.fingerprint import config_hash
from whalebot.app.config.reload import diff
from whalebot.app.config.schema import leaves
from whalebot.decisions.analysis.settings import IndicatorSettings, MtfSettings, ScoringSettings
from whalebot.decisions.risk.settings import GuardrailSettings, SessionSettings, TradeSettings


def test_the_defaults_of_the_file_are_the_defaults_inside() -> None:
    config = Config()
    assert trade_settings(config) == TradeSettings()
    assert guardrail_settings(config) == GuardrailSettings()
    assert indicator_settings(config) == IndicatorSettings()
    assert mtf_settings(config) == MtfSettings()
    scoring, plain = scoring_settings(config), ScoringSettings()
    assert scoring.threshold == plain.threshold
    assert scoring.orderbook_depth == plain.orderbook_depth
    assert all(scoring.weight(name) == plain.weight(name) for name in plain.weights)


def test_units_are_converted_once(read) -> None:
    config = read(
        {
            "cooldown_sec": 90.5,
            "trade_management": {
                "risk_per_trade_percent": 0.7,
                "trading_fee_percent": 0.055,
                "slippage_percent": 0.001,
                "min_stop_move_bps": 3,
                "leverage": 12.5,
            },
            "risk_guardrails": {
                "max_day_loss_pct": 2.5,
                "spread_filter_bps": 5,
                "cooldown_after_kill_min": 90,
                "max_position_notional": 1500.25,
                "max_data_age_s": 2.5,
                "avoid_funding_min": 5,
            },
            "session_filter": {"enabled": True, "utc_allowed": [["07:30", "24:00"]]},
        }
    ).config
    trade, limits = trade_settings(config), guardrail_settings(config)
    assert trade.cooldown_ms == 90_500
    assert trade.risk_per_trade == 0.007
    assert trade.costs.taker_fee == 0.00055
    assert trade.costs.slippage == 0.00001
    assert trade.stops.min_move == 0.0003
    assert trade.leverage == Decimal("12.5")
    assert limits.max_day_loss == 0.025
    assert limits.max_spread == 0.0005
    assert limits.cooldown_after_kill_ms == 5_400_000
    assert limits.max_position_notional == Decimal("1500.25")
    assert limits.max_data_age_ms == 2_500
    assert limits.avoid_funding_ms == 300_000
    assert limits.session == SessionSettings(True, ((450, 1440),))


@given(st.decimals(min_value=0, max_value=1000, places=4))
def test_percent_and_bps_are_those_of_the_written_decimal(written) -> None:
    value = float(written)
    assert to_decimal(value) == written
    assert percent(value) == float(written / 100)
    assert bps(value) == float(written / 10_000)
    assert milliseconds(value, 1000) == int((written * 1000).to_integral_value())


def test_without_the_break_even_phase_nothing_is_locked_in(read) -> None:
    config = read({"trade_management": {"move_to_breakeven_atr_trigger": None}}).config
    assert (stop_rules(config).breakeven_trigger, stop_rules(config).lock_in) == (None, None)


def test_timeframes_that_are_not_higher_are_left_out(read) -> None:
    config = read({"interval": "60", "mtf_analysis": {"higher_timeframes": ["15", "60", "240", "D"]}}).config
    assert mtf_settings(config).higher_timeframes == ("240", "D")


def test_the_inside_takes_every_value_the_file_may_hold(read) -> None:
    low: dict[str, float] = {}
    for path, node in leaves():
        if path[0] == "indicator_settings" and node.get("type") == "integer":
            low[str(path[1])] = node["minimum"]
    low |= {"macd_slow_period": 3, "ema_long_period": 3, "kama_slow_period": 3}
    assert indicator_settings(read({"indicator_settings": low}).config)
    high = dict.fromkeys(low, 500) | {"macd_fast_period": 499, "ema_short_period": 499}
    assert indicator_settings(read({"indicator_settings": high | {"kama_fast_period": 499}}).config)


# --- hash -------------------------------------------------------------------------------------------------


def test_the_hash_is_that_of_what_decides_trades(read) -> None:
    base = config_hash(read({}).config)
    assert len(base) == 16
    for same in (
        {"timezone": "UTC"},
        {"logging": {"level": "DEBUG"}},
        {"alerts": {"max_per_minute": 3}},
        {"scanner": {"x": 1}},
        {"symbols": ["BTCUSDT"]},
        {"signal_score_threshold": 2},
        {"mode": "paper"},
        {"exchange": {"recv_window_ms": 4000}},
    ):
        assert config_hash(read(same).config) == base, same
    for other in (
        {"signal_score_threshold": 2.1},
        {"symbols": ["ETHUSDT"]},
        {"interval": "5"},
        {"risk_guardrails": {"on_kill": "keep"}},
        {"weight_sets": {"default_scalping": {"vwap": 0.21}}},
    ):
        assert config_hash(read(other).config) != base, other


def test_the_hash_does_not_depend_on_order_or_secrets(read) -> None:
    table = {"interval": "5", "cooldown_bars": 3, "alerts": {"heartbeat_url": "${H}"}}
    turned = json.dumps(dict(reversed(list(table.items()))))
    first = config_hash(read(table, env={"H": "https://example.org/a"}).config)
    assert first == config_hash(read(turned, env={"H": "https://example.org/b"}).config)


# --- reload -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "place", "needs_restart"),
    [
        ({"signal_score_threshold": 2.2}, ("signal_score_threshold",), False),
        ({"risk_guardrails": {"on_kill": "keep"}}, ("risk_guardrails", "on_kill"), False),
        (
            {"weight_sets": {"default_scalping": {"vwap": 1}}},
            ("weight_sets", "default_scalping", "vwap"),
            False,
        ),
        ({"logging": {"level": "DEBUG"}}, ("logging", "level"), False),
        (
            {"trade_management": {"risk_per_trade_percent": 2}},
            ("trade_management", "risk_per_trade_percent"),
            False,
        ),
        ({"trade_management": {"account_balance": 2}}, ("trade_management", "account_balance"), True),
        ({"symbols": ["ETHUSDT"]}, ("symbols",), True),
        ({"symbol": "ETHUSDT"}, ("symbols",), True),
        ({"mode": "paper"}, ("mode",), True),
        ({"interval": "5"}, ("interval",), True),
        ({"indicator_settings": {"atr_period": 15}}, ("indicator_settings", "atr_period"), True),
        ({"exchange": {"recv_window_ms": 4000}}, ("exchange", "recv_window_ms"), True),
        ({"alerts": {"max_per_minute": 3}}, ("alerts", "max_per_minute"), True),
    ],
)
def test_a_change_is_named_and_judged(change, place, needs_restart, read) -> None:
    [found] = diff(read({}).config, read(change).config)
    assert found.path == place
    assert found.needs_restart is needs_restart
    assert " -> " in str(found)


def test_equal_files_do_not_differ(read) -> None:
    assert diff(read({}).config, read({"symbols": ["BTCUSDT"], "scanner": {"x": 1}}).config) == []


def test_a_changed_secret_is_noticed_and_not_shown(read) -> None:
    table = {"alerts": {"heartbeat_url": "${H}"}}
    before, after = (read(table, env={"H": url}).config for url in ("https://a.org/1", "https://a.org/2"))
    [change] = diff(before, after)
    assert change.path == ("alerts", "heartbeat_url")
    assert "a.org" not in str(change)
    assert change.needs_restart


def test_a_new_set_of_weights_is_a_change(read) -> None:
    [change] = diff(read({}).config, read({"weight_sets": {"mine": {"vwap": 1}}}).config)
    assert change.path == ("weight_sets", "mine")
    assert not change.needs_restart
