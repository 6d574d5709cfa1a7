"""The table `scanner`: each key with a good, a wrong-typed and an impossible value; the file itself."""

from __future__ import annotations

import copy
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from whalebot.app.cli import main
from whalebot.app.config.environment import Environment
from whalebot.app.scanning.config import read_scan_text
from whalebot.decisions.scan.settings import ScanSettings, SignalConfig
from whalebot.scanner.correcting import read_table
from whalebot.scanner.key_table import ALERTS, JUDGE, OUTPUT, SIGNAL, TOP, default_table

GONE = object()
# place, a good value, a value of a wrong type, one out of range, what the last becomes
ROWS: list[tuple[str, Any, Any, Any, Any]] = [
    ("interval", "60", [], "7", "15"),
    ("analysis_interval", 0, "often", -1, 30),
    ("retry_delay", 0.1, None, 301, 5),
    ("kline_history", 500, True, 2000, 1000),
    ("orderbook_limit", 200, "deep", 500, 50),
    ("momentum_period", 5, "x", 0, 10),
    ("trend_strength_threshold", 0, "x", -0.1, 0.4),
    ("volume_ma_period", 2, 2.5, 1, 20),
    ("atr_period", 7, "x", 1, 14),
    ("rsi_period", 7, [], 1, 14),
    ("bollinger_bands_period", 7, {}, 1, 20),
    ("bollinger_bands_std_dev", 2.5, "x", 0, 2),
    ("active_weight_set", "auto", 5, "mine", "low_volatility"),
    ("output_throttle_seconds", 0, "x", -1, 60),
    ("cache_ttl_seconds", 1, "x", 0, 60),
    ("log_directory", "/tmp/logs", 5, "", "bot_logs"),
    ("timezone", "Europe/Berlin", 5, "Europe/Atlantis", "America/Chicago"),
    ("max_api_retries", 10, "x", 11, 3),
    ("api_timeout_seconds", 0.5, "x", 0, 10),
    ("per_symbol_log_limit", 0, "x", -1, 50),
    ("log_retention_days", 1, "x", 0, 30),
    ("min_turnover24h", 0, "x", -1, 1_000_000),
    ("signal_config.signal_threshold", 0, "x", 1, 0.3),
    ("signal_config.stop_loss_atr_multiplier", 0.5, "x", 0, 2),
    ("signal_config.take_profit_risk_reward_ratio", 0.5, "x", 0, 2),
    ("signal_config.ema_period", 2, "x", 1, 20),
    ("signal_config.macd_fast", 5, "x", 26, 12),
    ("signal_config.stoch_rsi_period", 2, "x", 1, 14),
    ("signal_config.stoch_rsi_rsi_period", 9, "x", 1, None),
    ("signal_config.stoch_rsi_k", 1, "x", 0, 3),
    ("signal_config.stoch_rsi_d", 1, "x", 0, 3),
    ("signal_config.bb_squeeze_percentile", 50, "x", 100, 10),
    ("signal_config.bb_squeeze_lookback", 5, "x", 4, 20),
    ("signal_config.bb_squeeze_release_bars", 1, "x", 0, 5),
    ("signal_config.divergence_lookback", 8, "x", 7, 20),
    ("signal_config.divergence_pivot_bars", 1, "x", 0, 3),
    ("signal_config.divergence_valid_bars", 1, "x", 0, 3),
    ("signal_config.ema_mode", "reversion", 5, "x", "trend"),
    ("signal_config.rsi_mode", "momentum", 5, "x", "reversion"),
    ("signal_config.stoch_rsi_mode", "momentum", 5, "x", "reversion"),
    ("signal_config.rsi_lower", 20, "x", 90, 30),
    ("signal_config.stoch_rsi_upper", 0.9, "x", 0.1, 0.8),
    ("signal_config.rsi_method", "sma", 5, "x", "wilder"),
    ("signal_config.atr_method", "sma", 5, "x", "wilder"),
    ("signal_config.macd_mode", "cross", 5, "x", "state"),
    ("signal_config.volume_mode", "obv_ma", 5, "x", "obv_slope"),
    ("signal_config.vwap_mode", "rolling", 5, "x", "session"),
    ("signal_config.vwap_period", 1, "x", 0, 20),
    ("signal_config.pivot_source", "window", 5, "x", "previous_session"),
    ("signal_config.normalise_by", "voting", 5, "x", "ready"),
    ("signal_config.confidence_medium", 0.1, "x", 0.7, 0.3),
    ("signal_config.signal_hysteresis_ratio", 1, "x", 0, 0.85),
    ("signal_config.signal_repeat_seconds", 60, "x", -1, 0),
    ("output.save_to_json", False, "yes", 1, True),
    ("output.json_output_dir", "/tmp/out", 5, "", "output"),
    ("output.alert_file", "my.log", 5, "../my.log", "signals.log"),
    ("output.save_to_csv", True, "no", 0, False),
    ("output.csv_output_dir", "csv", 5, "", "csv_output"),
    ("alerts.enabled", True, "x", 1, False),
    ("alerts.channels", ["ops"], "ops", [5], ()),
    ("alerts.events", ["flip"], "flip", ["gone"], ["new", "flip", "upgrade"]),
    ("alerts.min_confidence", "High", 5, "x", "Medium"),
    ("alerts.min_abs_score", 1, "x", 2, 0),
    ("alerts.symbols", ["BTCUSDT"], 5, ["B-T"], ()),
    ("alerts.quiet_hours", [["22:00", "06:00"]], 5, [["25:00", "06:00"]], ()),
    ("alerts.cooldown_seconds", 0, "x", -1, 900),
    ("alerts.max_per_minute", 1, "x", 0, 10),
    ("judge.horizons", [1, 2], 5, [0], [1, 4, 16, 96]),
    ("judge.cost_bps", 0, "x", -1, 11),
]


def with_value(path: str, value: Any) -> dict[str, Any]:
    table: dict[str, Any] = copy.deepcopy(default_table())
    *parents, name = path.split(".")
    node = table
    for parent in parents:
        node = node[parent]
    node[name] = value
    return table


def used(table: Any, path: str) -> Any:
    reading = read_table(table)
    options = reading.options
    *parents, name = path.split(".")
    node: Any = options.scan if not parents and hasattr(options.scan, name) else options
    for parent in parents:
        node = options.scan.signal_config if parent == "signal_config" else getattr(options, parent)
    return getattr(node, name)


def plain(value: Any) -> Any:
    return [plain(item) for item in value] if isinstance(value, tuple | list) else value


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_each_key_is_taken_or_corrected_in_one_line(row: tuple[str, Any, Any, Any, Any]) -> None:
    path, good, wrong, outside, corrected = row
    taken = read_table(with_value(path, good))
    assert taken.findings == ()
    assert plain(used(with_value(path, good), path)) == plain(good)
    for bad in (wrong, outside):
        reading = read_table(with_value(path, bad))
        assert len(reading.findings) == 1, reading.findings
        assert path.rpartition(".")[2] in str(reading.findings[0])
    default = default_table()
    for part in path.split("."):
        default = default[part]
    assert plain(used(with_value(path, wrong), path)) == plain(default)
    assert plain(used(with_value(path, outside), path)) == plain(corrected)


def test_the_rows_above_name_every_key() -> None:
    named = {row[0] for row in ROWS}
    every = set(TOP)
    for name, kinds in (("signal_config", SIGNAL), ("output", OUTPUT), ("alerts", ALERTS), ("judge", JUDGE)):
        every |= {f"{name}.{key}" for key in kinds}
    partners = {
        "momentum_ma_short", "momentum_ma_long", "signal_config.macd_slow", "signal_config.macd_signal",
        "signal_config.rsi_upper", "signal_config.stoch_rsi_lower", "signal_config.confidence_high",
        "alerts.template", "alerts.webhook_secret",
    }  # fmt: skip
    assert named | partners == every
    assert {f.name for f in fields(SignalConfig)} == set(SIGNAL)
    assert read_table(default_table()).options.scan == ScanSettings()


def test_a_missing_key_is_no_finding_and_a_missing_table_none_either() -> None:
    table = default_table()
    del table["rsi_period"], table["output"]
    reading = read_table(table, ("scanner",))
    assert not reading.findings
    assert set(reading.missing) >= {"scanner.rsi_period", "scanner.output"}
    assert reading.options.scan.rsi_period == 14
    assert reading.options.output.json_output_dir == "output"


def test_two_faults_are_two_lines_and_a_text_number_is_corrected_to_it() -> None:
    reading = read_table(
        {"rsi_period": "21", "atr_period": -1, "interval": 60, "unknwon": 1, "retry_dely": 2}
    )
    lines = [str(finding) for finding in reading.findings]
    assert len(lines) == 4
    assert reading.options.scan.rsi_period == 21
    assert reading.options.scan.interval == "60"
    assert any("retry_delay" in line for line in lines)
    assert reading.corrected["unknwon"] == 1
    assert reading.corrected["rsi_period"] == 21


def test_three_that_belong_together_fall_together() -> None:
    reading = read_table({"signal_config": {"macd_fast": 30, "macd_slow": 20, "macd_signal": 5}})
    assert len(reading.findings) == 1
    signal = reading.options.scan.signal_config
    assert (signal.macd_fast, signal.macd_slow, signal.macd_signal) == (12, 26, 9)


def test_indicators_and_weights() -> None:
    reading = read_table(
        {
            "indicators": {"macd": False, "rsi": {"display": False}, "adx": True},
            "weight_sets": {"mine": {"rsi": -1, "macd": 2}, "low_volatility": {"rsi": "heavy", "macd": 1}},
            "active_weight_set": "mine",
        }
    )
    scan = reading.options.scan
    assert len(reading.findings) == 3
    assert list(scan.indicators)[:2] == ["macd", "rsi"]
    assert not scan.switch("macd").enabled
    assert not scan.switch("macd").display
    assert scan.switch("rsi").enabled
    assert scan.weight_sets["mine"] == {"rsi": 0.0, "macd": 2.0}
    assert scan.weight_sets["low_volatility"] == {"rsi": 0.6, "macd": 1.0}


def test_too_short_a_history_takes_the_longest_warm_up() -> None:
    reading = read_table({"kline_history": 30})
    assert reading.options.scan.kline_history == 56
    assert len(reading.findings) == 1


def run(folder: Path, *words: str) -> int:
    return main(["scan", "--dir", str(folder), *words])


def write(folder: Path, document: Any) -> Path:
    path = folder / "config.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_checking_changes_nothing_and_tells_by_its_code(tmp_path: Path, capsys: Any) -> None:
    assert run(tmp_path, "--check-config") == 0
    assert "a default one would be created" in capsys.readouterr().out
    assert snapshot(tmp_path) == {}
    write(tmp_path, {"scanner": {"rsi_period": 0, "signal_config": {"ema_mode": "x"}}})
    before = snapshot(tmp_path)
    assert run(tmp_path, "-c") == 2
    out = capsys.readouterr().out
    assert out.count("allowed is") == 2
    assert snapshot(tmp_path) == before
    assert run(tmp_path, "--strict", "BTCUSDT") == 2
    write(tmp_path, {"scanner": {}, "mode": "no such mode"})
    assert run(tmp_path, "-c") == 0


def test_broken_json_is_named_with_its_place_and_left_alone(tmp_path: Path, capsys: Any) -> None:
    path = write(tmp_path, '{\n  "scanner": {,}\n}')
    assert run(tmp_path, "-c") == 2
    assert "line 2" in capsys.readouterr().out
    assert path.read_text() == '{\n  "scanner": {,}\n}'


def test_mending_changes_the_table_and_not_a_byte_else(tmp_path: Path) -> None:
    before = '{\n  "mode" :  "demo",\n  "scanner": {"rsi_period": 0, "mine": 5},\n  "web": {  "port": 1 } }\n'
    path = write(tmp_path, before)
    assert run(tmp_path, "--fix-config") == 0
    after = path.read_text()
    assert (tmp_path / "config.json.bak").read_text() == before
    start, end = after.index('"scanner": ') + 11, after.index(',\n  "web"')
    assert json.loads(after[start:end]) == {"rsi_period": 14, "mine": 5}
    assert after[:start] + '{"rsi_period": 0, "mine": 5}' + after[end:] == before
    assert run(tmp_path, "-c") == 2  # the unknown key is kept, and still named


def test_the_older_flat_form_is_read_as_it_is() -> None:
    found = read_scan_text(
        '{"interval": "5", "signal_config": {"ema_period": 9}}', "old.json", Environment({})
    )
    assert found.is_flat
    assert not found.findings
    assert found.options.scan.interval == "5"
    assert found.options.scan.signal_config.ema_period == 9


def test_a_missing_file_is_written_complete(tmp_path: Path, capsys: Any) -> None:
    assert run(tmp_path, "history") == 2  # there is none yet
    assert json.loads((tmp_path / "config.json").read_text())["scanner"] == default_table()
    assert "a complete default one was written" in capsys.readouterr().err


def test_a_secret_is_a_reference_and_never_shown() -> None:
    text = '{"scanner": {"alerts": {"webhook_secret": "%s"}}}'
    literal = read_scan_text(text % "my-very-secret", "f", Environment({}))
    assert literal.options.alerts.webhook_secret is None
    assert "my-very-secret" not in " ".join(literal.findings)
    assert len(literal.findings) == 1
    named = read_scan_text(text % "${HOOK}", "f", Environment({"HOOK": "my-very-secret"}))
    assert named.options.alerts.webhook_secret == "my-very-secret"
    assert named.secrets == ("my-very-secret",)
