"""References to the environment, and that no secret is ever shown."""

from __future__ import annotations

import os
import pickle

import pytest

from whalebot.app.config.document import Config
from whalebot.app.config.environment import Environment, read_environment, too_open
from whalebot.app.config.launch import Credentials, check_launch, credentials_for
from whalebot.app.config.loading import load
from whalebot.app.config.problems import ConfigProblems
from whalebot.domain.errors import ConfigError

URL = "tgram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/12315544"
ALERTS = {"enabled": True, "channels": [{"name": "phone", "url": "${PHONE}", "min_level": "info"}]}


def test_a_reference_is_read_from_the_environment(read) -> None:
    loaded = read({"alerts": ALERTS, "symbol": "${WHAT}"}, env={"PHONE": URL, "WHAT": "ETHUSDT"})
    assert loaded.config.alerts.channels[0].url.get_secret_value() == URL
    assert loaded.config.symbol == "ETHUSDT"
    assert loaded.secrets == (URL,)


def test_a_resolved_secret_is_in_no_text(read) -> None:
    loaded = read(
        {"alerts": ALERTS, "web": {"token": "${TOKEN}"}}, env={"PHONE": URL, "TOKEN": "t0ken-t0ken"}
    )
    for text in (repr(loaded), str(loaded.config), loaded.config.model_dump_json(), f"{loaded.config!r}"):
        assert URL not in text
        assert "t0ken-t0ken" not in text


@pytest.mark.parametrize(
    "table",
    [
        {"alerts": {"channels": [{"name": "phone", "url": URL}]}},
        {"alerts": {"heartbeat_url": URL}},
        {"web": {"token": URL}},
        {"alerts": {"heartbeat_url": "x${PHONE}"}},
        {"api_key": URL},
        {"exchange": {"api_secret": URL}},
        {"exchange": {"password": URL}},
        {"my_token": URL},
    ],
)
def test_a_secret_written_into_the_file_is_refused_and_not_repeated(table, refused) -> None:
    refusal = refused(table, env={"PHONE": URL})
    assert URL not in str(refusal)
    assert "(hidden)" in str(refusal)


def test_a_wrong_reference_shows_the_reference_and_not_the_value(refused) -> None:
    refusal = refused({"symbol": "${KEY}", "mode": "${KEY}"}, env={"KEY": "s3cr3t-s3cr3t"})
    assert "s3cr3t-s3cr3t" not in str(refusal)
    assert '"${KEY}"' in str(refusal)


def test_a_name_that_is_not_set_is_named_only_where_it_is_used(read, refused) -> None:
    [problem] = refused({"alerts": ALERTS}).problems
    assert "PHONE is not set" in problem.text
    assert read({"alerts": {**ALERTS, "enabled": False}}).secrets == ()


def test_tables_of_other_commands_are_not_resolved(read) -> None:
    assert read({"prism": {"x": "${NOT_SET}"}}).config.prism == {"x": "${NOT_SET}"}


@pytest.mark.parametrize("place", [".env", "BYBIT_API_KEY"])
def test_secrets_in_a_pipe_are_refused_and_never_waited_for(tmp_path, place) -> None:
    os.mkfifo(tmp_path / place)
    process = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    with pytest.raises(ConfigError, match=r"a pipe or a device; write the .+ to a file"):
        read_environment(tmp_path / ".env", process).get("BYBIT_API_KEY")


def test_the_environment_stands_above_credentials_and_they_above_the_file(tmp_path) -> None:
    (tmp_path / ".env").write_text("A=file\nB=file\nC=file\nEMPTY=\n# D=comment\nQ='a $x ${A}'\n")
    folder = tmp_path / "credentials"
    folder.mkdir()
    for name in ("A", "B"):
        (folder / name).write_text("credential\n")
    environment = read_environment(tmp_path / ".env", {"A": "process", "CREDENTIALS_DIRECTORY": str(folder)})
    assert [environment.get(name) for name in ("A", "B", "C", "D", "EMPTY")] == [
        *("process", "credential", "file"),
        None,
        None,
    ]
    assert environment.get("Q") == "a $x ${A}"
    assert environment.get("../.env") is None


def test_a_line_of_the_env_file_that_is_none_is_named_with_its_file(tmp_path, caplog) -> None:
    path = tmp_path / ".env"
    path.write_text("BYBIT_API_KEY=right4711\nthis is no line\nOTHER=fine4711\n")
    found = read_environment(path, {})
    assert (found.get("BYBIT_API_KEY"), found.get("OTHER")) == ("right4711", "fine4711")
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: line 2 is not NAME=value and is left out"
    ]


def test_the_environment_shows_nothing_of_itself(tmp_path) -> None:
    (tmp_path / ".env").write_text(
        "BYBIT_API_KEY=abcdefgh\nBYBIT_API_SECRET=ijklmnop\nLOCAL=no\nOTHER=long-enough\n"
    )
    environment = read_environment(tmp_path / ".env", {})
    assert "abcdefgh" not in repr(environment)
    assert set(environment.secrets()) == {"abcdefgh", "ijklmnop", "long-enough"}


def test_a_file_that_others_may_read_is_pointed_at(tmp_path) -> None:
    env = tmp_path / ".env"
    env.write_text("A=1")
    env.chmod(0o644)
    assert too_open(env)
    [note] = load(tmp_path / "config.json", Environment({}), env_path=env).notes
    assert "chmod 600" in note
    env.chmod(0o600)
    assert not too_open(env)


@pytest.mark.parametrize("raw", [b"\xff\xfe", None])
def test_an_env_file_that_is_none_is_refused(raw, tmp_path) -> None:
    env = tmp_path / ".env"
    if raw is None:
        env.mkdir()
    else:
        env.write_bytes(raw)
    with pytest.raises(ConfigError, match=r"\.env"):
        read_environment(env, {})


KEYS = {"BYBIT_API_KEY": "kkkkkkkk", "BYBIT_API_SECRET": "ssssssss"}


def launch(mode: str, env: dict[str, str], live_flag: bool = False, **more: object) -> str:
    config = Config.model_validate({"mode": mode, **more})
    try:
        check_launch(config, Environment(env), live_flag, "config.json")
    except ConfigProblems as e:
        return str(e)
    return ""


def test_live_needs_keys_confirmation_and_flag() -> None:
    assert launch("live", KEYS, live_flag=True, live_trading_confirmed=True) == ""
    assert "--live" in launch("live", KEYS, live_trading_confirmed=True)
    assert "live_trading_confirmed = false" in launch("live", KEYS, live_flag=True)
    said = launch("live", {})
    for words in ("--live", "live_trading_confirmed", "BYBIT_API_KEY=...", "BYBIT_API_SECRET=..."):
        assert words in said


@pytest.mark.parametrize("mode", ["testnet", "bybit-demo"])
def test_modes_with_an_account_need_keys(mode) -> None:
    assert launch(mode, KEYS) == ""
    assert "BYBIT_API_SECRET" in launch(mode, {"BYBIT_API_KEY": "kkkkkkkk"})


def test_modes_without_an_account_never_see_keys() -> None:
    for mode in ("demo", "paper"):
        assert launch(mode, {}) == ""
        assert credentials_for(Config.model_validate({"mode": mode}), Environment(KEYS)) is None
    assert "--data" in launch("replay", {})


def test_credentials_show_nothing_of_themselves() -> None:
    credentials = credentials_for(Config.model_validate({"mode": "testnet"}), Environment(KEYS))
    assert credentials == Credentials("kkkkkkkk", "ssssssss")
    assert "kkkk" not in repr(credentials)
    assert "ssss" not in f"{credentials}"
    assert pickle.loads(pickle.dumps(credentials)) == credentials  # noqa: S301  our own bytes
