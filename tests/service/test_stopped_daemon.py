"""What is told of a daemon that does not run; and that every option is explained."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
from pathlib import Path
from typing import get_args

import pytest

from whalebot.adapters.storage.lock import FolderLock
from whalebot.app.cli import COMMANDS, main
from whalebot.app.config.document import Mode
from whalebot.app.left_behind import MODES
from whalebot.app.lock_holder import LockWatch, lock_holder
from whalebot.app.options import add_common_options


def write_state(folder: Path, mode: str, **changes: object) -> None:
    position = {
        "symbol": "BTCUSDT",
        "side": "Sell",
        "bought_qty": "0.1",
        "sold_qty": "0.333",
        "stop": "62183.3",
        "target": None,
    }
    document = {
        "saved_ms": 1_735_732_800_000,
        "positions": [position],
        "intents": [{"intent": {"symbol": "ETHUSDT", "order_link_id": "wb1-ETHUSDT-7"}}],
        "guardrails": {"manual_pause": True},
        **changes,
    }
    (folder / "state").mkdir(exist_ok=True)
    (folder / "state" / f"{mode}.json").write_text(json.dumps({"version": 1, "document": document}))


def test_status_tells_what_the_last_daemon_left_open(tmp_path, capsys) -> None:
    write_state(tmp_path, "live")
    write_state(tmp_path, "demo", positions=[], intents=[], guardrails={"manual_pause": False})
    (tmp_path / "state" / "paper.json").write_text("{")
    before = {path: path.read_bytes() for path in (tmp_path / "state").iterdir()}
    assert main(["status", "--dir", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "mode demo, last saved 2025-01-01 12:00:00 UTC: no position",
        "mode live, last saved 2025-01-01 12:00:00 UTC: 1 open, protected by what lies at the venue:",
        "  BTCUSDT short 0.233, stop 62183.3, target none",
        "  ETHUSDT: order wb1-ETHUSDT-7 was on its way",
        "  paused by its owner, also after the next start, until: whalebot resume",
        f"{tmp_path / 'state' / 'paper.json'}: cannot be read (JSONDecodeError)",
    ]
    assert "no daemon is running here" in told.err
    assert {path: path.read_bytes() for path in (tmp_path / "state").iterdir()} == before


needs_table = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the system has no table of locks")


@needs_table
@pytest.mark.parametrize("command", ["status", "pause", "resume", "panic"])
def test_a_daemon_that_waits_for_its_venue_is_not_called_absent(command, tmp_path, capsys) -> None:
    write_state(tmp_path, "live")
    with FolderLock(tmp_path / "state" / "lock"):
        assert main([command, "--dir", str(tmp_path)]) == 4
    told = capsys.readouterr()
    assert f"process {os.getpid()} runs here but takes no commands now: it is starting" in told.err
    assert "no daemon is running here" not in told.err
    assert ("BTCUSDT short 0.233, stop 62183.3" in told.out) is (command == "status")


@needs_table
def test_a_lock_file_that_a_dead_daemon_left_means_nothing(tmp_path) -> None:
    write_state(tmp_path, "live")
    lock = tmp_path / "state" / "lock"
    with FolderLock(lock):
        assert lock_holder(lock) == os.getpid()
    assert lock.read_text().strip() == str(os.getpid())
    assert lock_holder(lock) is None
    assert lock_holder(tmp_path / "none") is None
    assert lock_holder(lock, tmp_path / "a system without such a table") is None


@pytest.mark.parametrize("what", ["removed", "replaced", "folder removed"])
def test_a_lock_that_the_next_daemon_would_not_find_is_noticed(what, tmp_path) -> None:
    lock = tmp_path / "state" / "lock"
    with FolderLock(lock):
        watch = LockWatch(lock)
        assert watch.lost() == ""
        if what == "folder removed":
            shutil.rmtree(lock.parent)
        else:
            lock.rename(tmp_path / "away")
        if what == "replaced":
            lock.write_text(f"{os.getpid()}\n")
        assert watch.lost().startswith(f"{lock} was removed or replaced, so that a second daemon could start")


def test_status_reads_the_states_of_modes_alone(tmp_path, capsys) -> None:
    write_state(tmp_path, "bybit-demo", positions=[], intents=[], guardrails={"manual_pause": False})
    (tmp_path / "state" / "instruments.json").write_text(json.dumps({"version": 1, "symbols": []}))
    assert main(["status", "--dir", str(tmp_path)]) == 2
    assert capsys.readouterr().out == "mode bybit-demo, last saved 2025-01-01 12:00:00 UTC: no position\n"
    assert sorted(get_args(Mode)) == list(MODES)


def test_status_for_machines_of_a_stopped_daemon_is_the_error_alone(tmp_path, capsys) -> None:
    write_state(tmp_path, "live")
    assert main(["status", "--json", "--dir", str(tmp_path)]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_explained(name: str) -> None:
    commands = argparse.ArgumentParser(prog="whalebot").add_subparsers()
    importlib.import_module(f"whalebot.app.commands.{name.replace('-', '_')}").add_parser(commands)
    add_common_options(commands.choices[name])
    bare = [
        f"{parser.prog} {'/'.join(action.option_strings) or action.dest}"
        for parser in _all_parsers(commands.choices[name])
        for action in parser._actions
        if not action.help and not isinstance(action, argparse._SubParsersAction)
    ]
    assert not bare
    assert all(
        p.description or isinstance(p._actions[1], argparse._SubParsersAction)
        for p in _all_parsers(commands.choices[name])
    )


def _all_parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    found = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                found += _all_parsers(below)
    return found
