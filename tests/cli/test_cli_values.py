"""Paths, data files and the options of run."""

from __future__ import annotations

import argparse
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.adapters.logs.masking import SecretMasker
from whalebot.app.console import first_screen
from whalebot.app.data_files import parse_data_files
from whalebot.app.options import add_run_options, duration_ms, moment_ms, run_overrides, speed
from whalebot.app.paths import find_paths
from whalebot.app.setup import check_start, data_files, read_again, read_setup
from whalebot.app.store_options import moment
from whalebot.domain.errors import ConfigError

BARS = "timestamp,open,high,low,close,volume\n"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- times ------------------------------------------------------------------------------------------------


@given(st.integers(min_value=946_684_800_000, max_value=4_102_444_799_999))
def test_a_time_is_read_to_the_ms_with_and_without_its_zone(at_ms: int) -> None:
    text = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms)
    assert moment_ms(text.isoformat()) == at_ms
    assert moment_ms(text.replace(tzinfo=None).isoformat()) == at_ms


def test_a_time_of_the_store_lies_between_2000_and_2100() -> None:
    assert moment("2000-01-01") == 946_684_800_000
    for text in ("1999-12-31T23:59", "2100-01-01", "soon"):
        with pytest.raises(argparse.ArgumentTypeError, match=text):
            moment(text)


# --- paths ------------------------------------------------------------------------------------------------


def test_everything_lies_under_one_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = find_paths("here", None)
    root = tmp_path / "here"
    assert (paths.dir, paths.config, paths.env) == (root, root / "config.json", root / ".env")
    assert paths.history == root / "trade_history.json"
    assert paths.state_file("demo") == root / "state/demo.json"
    assert find_paths(None, "c/d.json").config == tmp_path / "c/d.json"
    assert find_paths(None, None).dir == tmp_path


def test_folders_are_made_for_their_owner_alone(tmp_path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/logs").mkdir(mode=0o755)
    paths = find_paths(str(tmp_path / "x"), None)
    paths.prepare()
    assert [mode(folder) for folder in (paths.logs, paths.state)] == [0o700, 0o700]
    new = find_paths(str(tmp_path / "new"), None)
    new.prepare()
    assert mode(new.dir) == 0o700


def test_a_file_in_place_of_a_folder_is_named(tmp_path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(ConfigError, match="not a folder"):
        find_paths(str(tmp_path / "f"), None)
    (tmp_path / "state").write_text("")
    with pytest.raises(ConfigError, match="move it away"):
        find_paths(str(tmp_path), None).prepare()


def test_a_folder_in_place_of_the_history_is_named(tmp_path) -> None:
    (tmp_path / "trade_history.json").mkdir()
    with pytest.raises(ConfigError, match=r"trade_history\.json: a folder, .* move it away"):
        find_paths(str(tmp_path), None).prepare()


def test_a_long_path_gets_its_socket_elsewhere_and_says_where(tmp_path, monkeypatch) -> None:
    runtime = tmp_path / "run"
    short = find_paths("/tmp/w", None)
    assert short.control_socket == Path("/tmp/w/state/control.sock")
    monkeypatch.setattr("whalebot.app.paths._runtime_folder", lambda: runtime)
    long = find_paths(str(tmp_path / ("x" * 100)), None)
    long.prepare()
    assert len(os.fsencode(long.control_socket)) <= 100
    assert long.control_socket.parent == runtime
    assert long.control_socket_place.read_text().strip() == str(long.control_socket)
    assert (mode(runtime), mode(long.control_socket_place)) == (0o700, 0o600)
    assert find_paths(str(long.dir), None).control_socket == long.control_socket


def test_the_runtime_folder_is_the_users_own(monkeypatch) -> None:
    long = find_paths("/" + "x" * 120, None)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert long.control_socket.parent == Path("/run/user/7/whalebot")
    for useless in ("", "relative", "/" + "y" * 80):
        monkeypatch.setenv("XDG_RUNTIME_DIR", useless)
        assert str(os.getuid()) in long.control_socket.parent.name


# --- values -----------------------------------------------------------------------------------------------


@given(
    st.integers(1, 10_000),
    st.sampled_from([("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)]),
)
def test_durations(number, unit) -> None:
    assert duration_ms(f"{number}{unit[0]}") == number * unit[1]


def test_durations_may_have_a_fraction() -> None:
    assert duration_ms("1.5m") == 90_000


@pytest.mark.parametrize("text", ["", "5", "m", "-5s", "5 s", "5w", "1h30m", "infs", "0s", "nan"])
def test_what_is_no_duration(text) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        duration_ms(text)


@pytest.mark.parametrize("text", ["36501d", "99999999999999999d", "9" * 400 + "s"])
def test_a_duration_that_no_timer_can_wait_is_refused(text) -> None:
    assert duration_ms("36500d") == 36_500 * 86_400_000
    with pytest.raises(argparse.ArgumentTypeError, match="up to 36500d"):
        duration_ms(text)


def test_speeds() -> None:
    assert (speed("60"), speed("0.5"), speed("max")) == (60.0, 0.5, "max")
    for text in ("0", "-1", "inf", "nan", "MAX", "fast", "1e7"):
        with pytest.raises(argparse.ArgumentTypeError):
            speed(text)


# --- data files -------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("BTCUSDT-5m.csv", "ETHUSDT_1m.csv.gz", "bars.csv", "a=b.csv"):
        (tmp_path / name).write_text(BARS)
    return tmp_path


def test_a_symbol_comes_from_the_name_or_stands_before_it(folder) -> None:
    found = parse_data_files(
        ["BTCUSDT-5m.csv", str(folder / "ETHUSDT_1m.csv.gz"), "solusdt=bars.csv"], folder, "--data"
    )
    assert [(file.symbol, file.path.name) for file in found] == [
        ("BTCUSDT", "BTCUSDT-5m.csv"),
        ("ETHUSDT", "ETHUSDT_1m.csv.gz"),
        ("SOLUSDT", "bars.csv"),
    ]
    assert parse_data_files([str(found[2])], Path("/"), "demo.data") == (found[2],)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["gone.csv"], "is not there"),
        (["."], "is a folder"),
        (["BTCUSDT-pipe.csv"], "is not a regular file"),
        (["bars.csv"], "name it before the file: BTCUSDT=bars.csv"),
        (["a=b.csv"], "is no USDT perpetual"),
        (["BTCUSDT-5m.csv", "BTCUSDT=bars.csv"], "both of BTCUSDT"),
    ],
)
def test_files_that_will_not_do(texts, words, folder) -> None:
    os.mkfifo(folder / "BTCUSDT-pipe.csv")
    with pytest.raises(ConfigError, match=words) as caught:
        parse_data_files(texts, folder, "--data")
    assert "--data" in str(caught.value)


# --- run --------------------------------------------------------------------------------------------------


def arguments(folder: Path, *given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_run_options(parser)
    args = parser.parse_args(given)
    args.paths, args.masker = find_paths(str(folder), None), SecretMasker()
    return args


def test_the_options_of_run_stand_above_the_file(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "config.json").write_text(
        '{"mode": "paper", "symbol": "SOLUSDT", "demo": {"speed": 2, "seed": 9}}'
    )
    args = arguments(
        folder, "--mode", "demo", "--data", "BTCUSDT-5m.csv", "ETHUSDT_1m.csv.gz", "--speed", "max"
    )
    setup = read_setup(args, run_overrides(args))
    assert (setup.config.mode, setup.config.demo.speed, setup.config.demo.seed) == ("demo", "max", 9)
    assert setup.config.traded_symbols == ("BTCUSDT", "ETHUSDT")
    assert [file.path for file in check_start(setup, live_flag=False)] == [
        folder / "BTCUSDT-5m.csv",
        folder / "ETHUSDT_1m.csv.gz",
    ]
    assert read_again(setup) == setup.config
    plain = arguments(folder)
    assert dict(run_overrides(plain)) == {}
    assert (plain.for_ms, plain.live, plain.until_end, plain.view) == (None, False, False, False)


def test_files_of_the_configuration_lie_below_its_folder(folder) -> None:
    (folder / "config.json").write_text('{"demo": {"data": ["ETHUSDT_1m.csv.gz"]}}')
    setup = read_setup(arguments(folder))
    assert setup.config.traded_symbols == ("ETHUSDT",)
    assert data_files(setup)[0].path == folder / "ETHUSDT_1m.csv.gz"
    (folder / "config.json").write_text('{"symbol": "BTCUSDT", "demo": {"data": ["ETHUSDT_1m.csv.gz"]}}')
    with pytest.raises(ConfigError, match="no file of BTCUSDT"):
        read_setup(arguments(folder))
    (folder / "config.json").write_text('{"mode": "paper", "demo": {"data": ["gone.csv"]}}')
    assert read_setup(arguments(folder)).config.mode == "paper"


def test_a_first_start_writes_the_file_and_says_so(tmp_path) -> None:
    args = arguments(tmp_path)
    setup = read_setup(args, create=True)
    assert not setup.config_found
    assert "a complete default one was written" in setup.notes[0]
    assert mode(tmp_path / "config.json") == 0o600
    assert read_setup(args, create=True).config_found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"mode": "live"}', "mode live trades REAL MONEY: orders go to api.bybit.com, to the account"),
        ('{"mode": "testnet"}', "orders go to api-testnet.bybit.com, to the account of the key"),
        ('{"mode": "bybit-demo"}', "orders go to api-demo.bybit.com, to the account of the key"),
        ('{"mode": "paper"}', "orders are simulated in this process; no real order is placed"),
        ("{}", "prices are simulated (seed 7), 3600 times real time; no real order is placed"),
    ],
)
def test_the_first_lines_say_where_orders_go(folder, text, expected) -> None:
    (folder / "config.json").write_text(text)
    [line] = [line for line in first_screen(read_setup(arguments(folder))) if "order" in line]
    assert line.startswith(expected)


def test_what_is_in_the_env_file_is_masked_from_the_start(tmp_path) -> None:
    (tmp_path / ".env").write_text("BYBIT_API_KEY=abcdefgh\nOTHER=long-enough-secret\n")
    args = arguments(tmp_path)
    read_setup(args)
    assert args.masker.mask("x abcdefgh long-enough-secret") == "x *** ***"


def test_a_file_that_is_gone_is_no_reason_to_take_the_defaults(folder) -> None:
    place = folder / "config.json"
    place.write_text('{"trade_management": {"risk_per_trade_percent": 0.1}}')
    setup = read_setup(arguments(folder), {})
    place.rename(folder / "config.json.away")
    with pytest.raises(ConfigError, match=r"config\.json: the file is gone; put it back and reload again"):
        read_again(setup)
    (folder / "config.json.away").rename(place)
    assert read_again(setup).trade_management.risk_per_trade_percent == 0.1
