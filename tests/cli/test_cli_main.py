"""The command line: finding the command, exit codes, messages, what is imported."""

from __future__ import annotations

import argparse
import errno
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from whalebot.app import cli
from whalebot.app.cli import COMMANDS, main
from whalebot.domain.errors import (
    AuthError,
    BugError,
    ConfigError,
    RateLimited,
    TransportError,
    VenueFatal,
    VenueRefused,
)

ROOT = Path(__file__).resolve().parents[2]
KEY = "Xy7Kq2LmN9pRs4Tv"


def whalebot(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "whalebot", *arguments],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# --- as people call it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
def test_an_output_that_is_not_unicode_ends_no_command(encoding: str, tmp_path: Path) -> None:
    folder = tmp_path / "Ŵhale"
    folder.mkdir()
    done = whalebot("doctor", "--dir", str(folder), cwd=tmp_path, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path}/?hale can be written to" in done.stdout


def test_help_names_every_command(tmp_path) -> None:
    done = whalebot("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert all(f"\n    {name}" in done.stdout for name in COMMANDS)
    assert list(tmp_path.iterdir()) == []


def test_a_bad_file_ends_in_2_with_every_problem_and_stays_as_it_was(tmp_path) -> None:
    text = '{"mdoe": "demo", "interval": "7"}'
    (tmp_path / "config.json").write_text(text)
    for command in (("config", "check"), ("run", "--for", "1s"), ("--for", "1s")):
        done = whalebot(*command, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith("whalebot: ")
        assert 'mdoe = "demo": unknown key; did you mean "mode"?' in done.stderr
        assert 'interval = "7": allowed is' in done.stderr
        assert "Traceback" not in done.stderr
    assert (tmp_path / "config.json").read_text() == text


def test_live_without_confirmation_and_keys_ends_in_2(tmp_path) -> None:
    done = whalebot("--mode", "live", "--for", "1s", cwd=tmp_path)
    assert done.returncode == 2
    for words in ("--live", "live_trading_confirmed", "BYBIT_API_KEY=...", "BYBIT_API_SECRET=..."):
        assert words in done.stderr
    # There was no file: one is written, and that is told before what must be set in it.
    written, problems, *_ = done.stderr.splitlines()
    assert "a complete default one was written" in written
    assert problems.endswith("nothing was started and the file stays as it is")
    again = whalebot("--mode", "live", "--for", "1s", cwd=tmp_path)
    assert "was written" not in again.stderr


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path) -> None:
    command = f"{sys.executable} -m whalebot config schema | head -1; echo ${{PIPESTATUS[0]}}"
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == "{\n0\n"
    assert done.stderr == ""


def test_a_reader_that_left_before_the_last_line_changes_no_exit_code(tmp_path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "audit.jsonl").write_text('{"seq": 1}\n')
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "whalebot", "audit", "verify"]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=env, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("code", [0, 4])
def test_a_terminal_that_is_gone_changes_no_exit_code(tmp_path, code) -> None:
    """What a view said last stays in the buffer: the interpreter's second attempt must not count."""
    script = (
        "import sys; from whalebot.app import cli; from whalebot.app.commands import status\n"
        "def run(args):\n"
        "    sys.stdin.readline()\n"
        "    try: print('the last words', flush=True)\n"
        "    except OSError: pass\n"
        f"    return {code}\n"
        "status.run = run\n"
        "sys.exit(cli.main(['status']))"
    )
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=slave,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as command:
        os.close(slave)
        os.close(master)
        _, said = command.communicate(b"\n", timeout=60)
    assert (command.returncode, said) == (code, b"")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"do": "nope"}]', "faults[0].do 'nope': expected one of"),
        ("[", "faults: not JSON"),
        (None, "there is no such file"),
    ],
)
def test_a_scenario_that_is_wrong_is_the_owners_fault_and_no_bug(text, words, tmp_path) -> None:
    scenario = tmp_path / "scenario.json"
    if text is not None:
        scenario.write_text(text)
    done = whalebot("exchange", "--port", "0", "--scenario", str(scenario), cwd=tmp_path)
    assert done.returncode == 2
    assert f"whalebot: --scenario {scenario}: {words}" in done.stderr


def test_asking_for_help_imports_nothing_heavy(tmp_path) -> None:
    program = """
import sys
from whalebot.app.cli import main
for arguments in (["--help"], ["run", "--help"], ["config", "check", "--help"], ["score", "--help"]):
    try:
        main(arguments)
    except SystemExit as end:
        assert end.code == 0
heavy = {"numpy", "pandas", "talib", "pydantic", "pybit", "rich", "msgspec", "requests", "aiohttp"}
print(sorted(heavy & sys.modules.keys()), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.strip() == "[]"


# --- finding the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ([], ["run"]),
        (["--mode", "paper"], ["run", "--mode", "paper"]),
        (["-v"], ["run", "-v"]),
        (["--dir", "x"], ["run", "--dir", "x"]),
        (["--dir", "x", "--mode", "paper"], ["run", "--dir", "x", "--mode", "paper"]),
        (["--dir", "x", "status"], ["status", "--dir", "x"]),
        (
            ["--dir=x", "-q", "--config", "c.json", "config", "check"],
            ["config", "check", "--dir=x", "-q", "--config", "c.json"],
        ),
        (["status", "--dir", "x"], ["status", "--dir", "x"]),
        (["--help"], ["--help"]),
        (["--version"], ["--version"]),
        (["stauts"], ["stauts"]),
    ],
)
def test_the_command_is_found_wherever_it_stands(given, meant) -> None:
    assert cli._with_command(given) == meant


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["stauts"], "did you mean 'status'?"),
        (["config"], "check|show|schema"),
        (["config", "chekc"], "invalid choice"),
        (["run", "--mode", "moon"], "invalid choice"),
        (["run", "--for", "5"], "write 90s, 5m, 2h or 1d"),
        (["run", "--for", "0s"], "write 90s, 5m, 2h or 1d"),
        (["run", "--speed", "0"], "or max"),
        (["run", "--speed", "nan"], "or max"),
        (["run", "--seed", "-1"], "whole number"),
        (["run", "--nonsense"], "unrecognized arguments"),
        (["run", "--sped", "5"], "did you mean --speed?"),
        (["audit", "show", "--lst", "5"], "unrecognized arguments: --lst 5"),
        (["score", "--data", "x"], "--out"),
    ],
)
def test_a_command_line_that_makes_no_sense_ends_in_2(arguments, words, capsys) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert words in capsys.readouterr().err


# --- errors and their exit codes --------------------------------------------------------------------------


def command_that(fails_with: BaseException) -> Any:
    def add_parser(subparsers: Any) -> None:
        subparsers.add_parser("status")

    def run(args: argparse.Namespace) -> int:
        args.masker.add(KEY)
        raise fails_with

    return SimpleNamespace(add_parser=add_parser, run=run)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("config"), 2),
        (AuthError("auth"), 3),
        (VenueFatal("fatal"), 4),
        (VenueRefused(10001, "no", "call"), 4),
        (RateLimited("call", 1), 4),
        (TransportError("away"), 4),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), 2),
        (KeyboardInterrupt(), 130),
        (BugError("invariant"), 70),
        (ZeroDivisionError("x"), 70),
        (OSError("no file of ours"), 70),
    ],
)
def test_every_error_has_its_exit_code_and_a_message(error, code, monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setattr(cli, "_module", lambda name: command_that(error))
    assert main(["status", "--dir", str(tmp_path)]) == code
    said = capsys.readouterr().err
    assert said.strip()
    assert "Traceback" not in said


def test_a_bug_leaves_its_traceback_in_the_log_and_no_secret_anywhere(monkeypatch, capsys, tmp_path) -> None:
    def fail(secret: str) -> None:
        raise ValueError(f"broken by {secret}")

    def run(args: argparse.Namespace) -> int:
        args.masker.add(KEY)
        fail(KEY)
        return 0

    module = SimpleNamespace(add_parser=lambda subs: subs.add_parser("status"), run=run)
    monkeypatch.setattr(cli, "_module", lambda name: module)
    assert main(["status", "--dir", str(tmp_path), "-v"]) == 70
    said, log = capsys.readouterr().err, (tmp_path / "logs/whalebot.log").read_text()
    assert "internal error, ValueError: broken by ***" in said
    assert str(tmp_path / "logs/whalebot.log") in said
    for text in (said, log):
        assert "Traceback" in text
        assert "in fail" in text
        assert KEY not in text


def test_v_shows_where_an_error_came_from(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setattr(cli, "_module", lambda name: command_that(ConfigError(f"bad {KEY}")))
    assert main(["status", "--dir", str(tmp_path), "-v"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("whalebot: bad ***\n")
    assert "Traceback" in said
    assert KEY not in said


# --- config -----------------------------------------------------------------------------------------------


def test_config_check_writes_nothing(tmp_path, capsys) -> None:
    assert main(["config", "check", "--dir", str(tmp_path)]) == 0
    assert "not there; the defaults hold" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_config_check_tells_notes_and_what_a_start_would_lack(tmp_path, capsys) -> None:
    (tmp_path / "config.json").write_text('{"mode": "testnet", "testnet": true}')
    assert main(["config", "check", "--dir", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "testnet has no effect" in said
    assert "a start would be refused: " in said


def test_config_show_is_a_configuration_with_secrets_masked(tmp_path, capsys) -> None:
    table = {
        "symbols": ["ETHUSDT", "SOLUSDT"],
        "alerts": {"channels": [{"name": "phone", "url": "${PHONE}"}], "heartbeat_url": "${PING}"},
        "timezone": "Europe/Berlin",
    }
    (tmp_path / "config.json").write_text(json.dumps(table))
    (tmp_path / ".env").write_text(
        f"PHONE=tgram://{KEY}/12345678\nPING=https://x.example/{KEY}\nBYBIT_API_KEY={KEY}\n"
    )
    (tmp_path / ".env").chmod(0o600)
    assert main(["config", "show", "--dir", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    shown = json.loads(out)
    assert shown["symbols"] == ["ETHUSDT", "SOLUSDT"]
    assert "symbol" not in shown
    assert shown["alerts"]["channels"][0]["url"] == "***"
    assert shown["web"]["token"] is None
    assert KEY not in out + err
    assert "score from -" in err
    assert "threshold 2" in err
    assert "config_hash " in err


def test_config_show_of_a_plain_file_can_be_used_as_one(tmp_path, capsys) -> None:
    main(["config", "show", "--dir", str(tmp_path), "-q"])
    out, err = capsys.readouterr()
    assert err == ""
    (tmp_path / "config.json").write_text(out)
    assert main(["config", "check", "--dir", str(tmp_path)]) == 0


def test_config_schema_is_the_shipped_one(capsys) -> None:
    assert main(["config", "schema"]) == 0
    assert capsys.readouterr().out == (ROOT / "whalebot/app/config/schema.json").read_text()


def test_another_file_can_be_named(tmp_path, capsys) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"interval": "5"}')
    assert main(["config", "show", "--config", str(other), "--dir", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["interval"] == "5"
