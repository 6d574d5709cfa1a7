"""Precedence, keys that must fit together, features that do not exist, and old names."""

from __future__ import annotations

import pytest

from whalebot.app.config.document import DEFAULT_WEIGHT_SET


def told(refusal) -> dict[str, str]:
    return {str(problem).split(" = ")[0].split(":")[0]: problem.text for problem in refusal.problems}


# --- precedence -------------------------------------------------------------------------------------------


def test_the_command_line_stands_above_the_file_and_the_file_above_the_defaults(read) -> None:
    file = {"mode": "paper", "symbol": "ETHUSDT", "demo": {"speed": 5, "seed": 1}}
    assert read({}).config.demo.speed == 3600
    assert read(file).config.demo.speed == 5
    loaded = read(file, overrides={("mode",): "demo", ("demo", "speed"): "max", ("symbols",): ["SOLUSDT"]})
    assert loaded.config.mode == "demo"
    assert loaded.config.demo.speed == "max"
    assert loaded.config.demo.seed == 1
    assert loaded.config.traded_symbols == ("SOLUSDT",)


def test_an_override_hides_a_fault_of_the_file_only_in_its_own_place(refused) -> None:
    refusal = refused({"mode": "nonsense", "interval": "7"}, overrides={("mode",): "demo"})
    assert [problem.path for problem in refusal.problems] == [("interval",)]


# --- symbols ----------------------------------------------------------------------------------------------


def test_symbol_is_the_list_of_one(read) -> None:
    assert read({}).config.traded_symbols == ("BTCUSDT",)
    assert read({"symbol": "ETHUSDT"}).config.traded_symbols == ("ETHUSDT",)
    assert read({"symbols": ["SOLUSDT", "1000PEPEUSDT"]}).config.traded_symbols == ("SOLUSDT", "1000PEPEUSDT")
    both = read({"symbol": "SOLUSDT", "symbols": ["ETHUSDT", "SOLUSDT"]})
    assert both.config.traded_symbols == ("ETHUSDT", "SOLUSDT")


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ({"symbols": []}, "symbols"),
        ({"symbols": ["BTCUSDT", "BTCUSDT"]}, "symbols"),
        ({"symbols": ["BTCUSDT", "btcusdt"]}, "symbols[1]"),
        ({"symbol": "BTCUSD"}, "symbol"),
        ({"symbol": "BTCUSDT", "symbols": ["ETHUSDT"]}, "symbol"),
        ({"timezone": "Europe/Belin"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"active_weight_set": "mine"}, "active_weight_set"),
        ({"weight_sets": {"a b": {}}}, 'weight_sets."a b"'),
        ({"weight_sets": {"mine": {"vwapp": 1}}}, "weight_sets.mine.vwapp"),
        ({"weight_sets": {"mine": 5}}, "weight_sets.mine"),
        ({"indicator_settings": {"ema_short_period": 21}}, "indicator_settings.ema_short_period"),
        ({"indicator_settings": {"macd_slow_period": 12}}, "indicator_settings.macd_fast_period"),
        ({"indicator_settings": {"rsi_oversold": 80}}, "indicator_settings.rsi_oversold"),
        ({"indicator_settings": {"psar_acceleration": 0.3}}, "indicator_settings.psar_acceleration"),
        ({"mtf_analysis": {"higher_timeframes": ["60", "60"]}}, "mtf_analysis.higher_timeframes"),
        ({"trade_management": {"max_open_positions": 2}}, "trade_management.max_open_positions"),
        ({"session_filter": {"enabled": True}}, "session_filter.utc_allowed"),
        ({"session_filter": {"utc_allowed": [["08:00", "08:00"]]}}, "session_filter.utc_allowed[0]"),
        ({"session_filter": {"utc_allowed": [["24:00", "08:00"]]}}, "session_filter.utc_allowed[0]"),
        ({"session_filter": {"utc_allowed": [["8:00", "09:00"]]}}, "session_filter.utc_allowed[0][0]"),
        ({"signal_score_threshold": 6}, "signal_score_threshold"),
        ({"leverage": 5}, "leverage"),
    ],
)
def test_what_cannot_work_is_refused_by_place(table, place, refused) -> None:
    assert list(told(refused(table))) == [place]


def test_a_key_in_the_wrong_table_is_sent_to_its_own(refused) -> None:
    for name, meant in (("risk", "risk_guardrails"), ("Trade", "trade_management"), ("log", "logging")):
        assert told(refused({name: {}}))[name] == f'unknown key; did you mean "{meant}"?'
    assert told(refused({"leverage": 5}))["leverage"] == "unknown key; it belongs to trade_management"
    refusal = refused({"trade_management": {"cooldown_sec": 5}})
    assert told(refusal)["trade_management.cooldown_sec"] == "unknown key; it belongs to the top level"


def test_a_finding_about_a_value_that_is_itself_faulty_is_not_made(refused) -> None:
    refusal = refused({"indicator_settings": {"ema_short_period": 30, "ema_long_period": "x"}})
    assert list(told(refusal)) == ["indicator_settings.ema_long_period"]


def test_sets_of_weights(read) -> None:
    config = read({"weight_sets": {"mine": {"vwap": 9}}, "active_weight_set": "mine"}).config
    assert config.weights.vwap == 9
    assert config.weights.psar == 0
    assert config.weight_sets[DEFAULT_WEIGHT_SET].psar == 0.22
    partly = read({"weight_sets": {DEFAULT_WEIGHT_SET: {"vwap": 1}}}).config
    assert (partly.weights.vwap, partly.weights.psar) == (1, 0.22)


def test_an_unreachable_threshold_names_the_range(read, refused) -> None:
    lonely = {"weight_sets": {"mine": {"ema_alignment": 1.0}}, "active_weight_set": "mine"}
    assert read({**lonely, "signal_score_threshold": 0.9}).config
    refusal = refused({**lonely, "signal_score_threshold": 1.5})
    assert "-1 to 1" in told(refusal)["signal_score_threshold"]


def test_a_timeframe_that_is_not_higher_is_a_warning(read) -> None:
    loaded = read({"interval": "60", "mtf_analysis": {"higher_timeframes": ["60", "240"]}})
    [note] = loaded.notes
    assert '"60" is not above interval "60"' in note


def test_faults_in_tables_of_other_commands_are_one_warning_each(read) -> None:
    loaded = read({"scanner": 5, "prism": [], "portfolio": {"anything": 1}, "strategies": None})
    assert [note.split(" = ")[0] for note in loaded.notes] == ["scanner", "prism"]


# --- what this version does not have ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [
        {"pyramiding": {"enabled": True}},
        {"take_profit_ladder": {"enabled": True}},
        {"ev_filter": {"enabled": True}},
        {"scoring": {"model": "prism"}},
        {"scoring": {"model": "both"}},
        {"trade_management": {"order_mode": "LIMIT"}},
        {"trade_management": {"take_profit_type": "LIMIT"}},
        {"web": {"allow_orders": True}},
    ],
)
def test_a_missing_feature_is_refused_when_switched_on(table, refused) -> None:
    [problem] = refused(table).problems
    assert problem.text.startswith("not available in this version; set it to ")


@pytest.mark.parametrize(
    "table",
    [
        {"dynamic_threshold": {"enabled": True}},
        {"session_filter": {"enabled": True, "utc_allowed": [["22:00", "02:00"], ["00:00", "24:00"]]}},
        {"trade_management": {"native_trailing": True}},
        {"pyramiding": {"max_adds": 3}},
        {"record": True},
    ],
)
def test_what_exists_may_be_switched_on(table, read) -> None:
    assert read(table).config


# --- endpoints --------------------------------------------------------------------------------------------

LOCAL = {
    "rest_url": "http://127.0.0.1:8899",
    "ws_public_url": "ws://localhost:8899/v5/public/linear",
    "ws_private_url": "ws://[::1]:8899/v5/private",
}
FAR = {name: url.replace("http", "https").replace("ws:", "wss:") for name, url in LOCAL.items()}
FAR = {name: f"{url.split('://')[0]}://bybit.example.org/x" for name, url in FAR.items()}


def test_any_loopback_server_will_do_in_every_mode(read) -> None:
    for mode in ("demo", "paper", "testnet", "bybit-demo", "live"):
        assert read({"mode": mode, "exchange": {**LOCAL, "time_scale": 60}}).config


def test_keys_go_to_the_venue_and_to_this_machine_only(read, refused) -> None:
    refusal = refused({"mode": "live", "exchange": FAR})
    assert list(told(refusal)) == ["exchange.rest_url", "exchange.ws_private_url"]
    assert 'add "bybit.example.org" to exchange.trusted_hosts' in str(refusal)
    assert read({"mode": "live", "exchange": {**FAR, "trusted_hosts": ["Bybit.Example.org"]}}).config
    assert read({"mode": "paper", "exchange": FAR}).config
    real = {name: url.replace("example.org", "com") for name, url in FAR.items()}
    assert read({"mode": "live", "exchange": real}).config
    fake = {name: url.replace("bybit.example.org", "api.bybit.com.example.org") for name, url in FAR.items()}
    assert refused({"mode": "testnet", "exchange": fake})


@pytest.mark.parametrize(
    ("exchange", "place"),
    [
        ({**LOCAL, "rest_url": "http://192.168.1.5:8899"}, "exchange.rest_url"),
        ({**LOCAL, "ws_public_url": "ws://stream.bybit.com/v5"}, "exchange.ws_public_url"),
        ({**LOCAL, "rest_url": "ftp://127.0.0.1"}, "exchange.rest_url"),
        ({**LOCAL, "rest_url": "https://127.0.0.1:99999"}, "exchange.rest_url"),
        ({**LOCAL, "rest_url": "https://me:s3cr3t@api.bybit.com"}, "exchange.rest_url"),
        ({**LOCAL, "ws_private_url": None}, "exchange.ws_private_url"),
        ({"time_scale": 2}, "exchange.time_scale"),
        ({**FAR, "trusted_hosts": ["bybit.example.org"], "time_scale": 2}, "exchange.time_scale"),
    ],
)
def test_addresses_that_will_not_do(exchange, place, refused) -> None:
    refusal = refused({"mode": "testnet", "exchange": exchange})
    assert list(told(refusal)) == [place]
    assert "s3cr3t" not in str(refusal)


# --- old names --------------------------------------------------------------------------------------------


def test_old_names_keep_working_and_are_named(read) -> None:
    old = {
        "testnet": True,
        "default_leverage": 7,
        "indicators": {"macd": False, "ichimoku_cloud": True, "rsi": True, "atr": True},
        "indicator_settings": {"vwap_session_reset": False},
        "weight_sets": {"default_scalping": {"momentum": 0.3, "candlestick_confirmation": 0.2}},
        "risk_guardrails": {"ev_filter_enabled": False},
        "mtf_analysis": {"mtf_request_delay_seconds": 0.5},
        "trade_management": {"order_precision": 5, "price_precision": 3},
        "ml_enhancement": {"enabled": False},
    }
    loaded = read(old)
    config = loaded.config
    assert config.mode == "testnet"
    assert config.trade_management.leverage == 7
    assert not config.indicators.macd_alignment
    assert not config.indicator_settings.vwap_daily_reset
    assert config.weights.momentum_rsi_stoch_cci_wr_mfi == 0.3
    for name in ("testnet", "default_leverage", "indicators.macd", "weight_sets.default_scalping.momentum"):
        assert any(note.startswith(name) for note in loaded.notes), name
    assert len(loaded.notes) == 14


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ({"default_leverage": 7, "trade_management": {"leverage": 5}}, "default_leverage"),
        ({"default_leverage": 700}, "trade_management.leverage"),
        ({"indicators": {"rsi": False}}, "indicators.rsi"),
        ({"risk_guardrails": {"ev_filter_enabled": True}}, "ev_filter.enabled"),
        ({"ml_enhancement": {"enabled": True}}, "ml_enhancement"),
        ({"api_key": "x"}, "api_key"),
    ],
)
def test_an_old_name_that_cannot_be_followed_is_refused(table, place, refused) -> None:
    assert list(told(refused(table))) == [place]


def test_a_fee_that_looks_like_a_fraction_is_pointed_out(read) -> None:
    loaded = read({"trade_management": {"trading_fee_percent": 0.0005}})
    assert loaded.config.trade_management.trading_fee_percent == 0.0005
    assert "write 0.05" in loaded.notes[0]
    assert read({"trade_management": {"trading_fee_percent": 0.02}}).notes == ()
