"""Edits of the configuration over the web: checked as the file is, written whole, applied or not, told."""

from __future__ import annotations

import argparse
import errno
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whalebot.adapters.logs.masking import SecretMasker
from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.web.problems import ApiProblem
from whalebot.app.config.replacing import KEPT
from whalebot.app.paths import find_paths
from whalebot.app.setup import Setup, read_again, read_setup
from whalebot.app.web.config import WebConfig

CONFIG = {
    "signal_score_threshold": 2.0,
    "alerts": {"heartbeat_url": "${BEAT}"},
    "weight_sets": {"default_scalping": {"vwap": 0.3}, "my.set": {}},
    "scanner": {"output": {"alert_file": "signals.log"}},
}


class Running:
    """A daemon that takes a file over, or not."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.config = setup.config
        self.takes = True
        self.asked = 0

    def reload(self) -> bool:
        self.asked += 1
        if self.takes:
            self.config = read_again(self.setup)
        return self.takes


@pytest.fixture
def running(tmp_path: Path) -> Running:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / ".env").write_text("BEAT=https://beat.example/very-secret-part\n")
    (tmp_path / ".env").chmod(0o600)
    args = argparse.Namespace(paths=find_paths(str(tmp_path), None), masker=SecretMasker())
    return Running(read_setup(args))


@pytest.fixture
def desk(running: Running) -> WebConfig:
    return WebConfig(running.setup, lambda: running.config, running.reload)


def _file(running: Running) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(running.setup.paths.config.read_text())
    return found


def _refused(edit: Callable[[], Any]) -> ApiProblem:
    with pytest.raises(ApiProblem) as refused:
        edit()
    return refused.value


def test_what_is_shown_holds_no_secret_and_says_what_may_stand_there(desk: WebConfig) -> None:
    shown = desk.shown()
    assert "very-secret-part" not in json.dumps(shown)
    assert shown["config"]["alerts"]["heartbeat_url"] == "***"
    fields = {field["path"]: field for field in shown["fields"]}
    threshold = fields["signal_score_threshold"]
    assert (threshold["type"], threshold["value"], threshold["minimum"]) == ("number", 2.0, 0)
    assert (threshold["exclusive_minimum"], threshold["applies"]) == (True, "next_bar")
    assert fields["trade_management.leverage"]["applies"] == "restart"
    assert fields["interval"]["choices"][0] == "1"
    assert fields["alerts.heartbeat_url"]["secret"] is True
    assert [fields[path]["editable"] for path in ("mode", "web.token", "exchange.rest_url")] == [False] * 3
    assert fields["trade_management.max_hold_bars"]["nullable"] is True
    assert fields["weight_sets.default_scalping.vwap"]["value"] == 0.3


def test_a_change_for_the_next_bar_is_written_kept_and_applied(desk: WebConfig, running: Running) -> None:
    running.setup.paths.config.chmod(0o640)
    became = desk.change({"signal_score_threshold": 2.5, "weight_sets.default_scalping.vwap": 0.4}, False)
    assert (became["written"], became["applied"], became["needs_restart"]) == (True, True, [])
    assert running.config.signal_score_threshold == 2.5
    assert _file(running)["weight_sets"]["default_scalping"]["vwap"] == 0.4
    assert _file(running)["alerts"] == {"heartbeat_url": "${BEAT}"}
    kept = running.setup.paths.dir / became["kept"]
    assert json.loads(kept.read_text()) == CONFIG
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(running.setup.paths.config.stat().st_mode) == 0o640
    assert desk.shown()["config"]["signal_score_threshold"] == 2.5


def test_the_newest_old_files_stay_and_numbers_are_not_used_again(desk: WebConfig, running: Running) -> None:
    folder = running.setup.paths.dir
    for name in ("config.json.old-7", "config.json.old-x", "config.json.older-1"):
        (folder / name).write_text("mine")
    for number in range(KEPT + 2):
        became = desk.change({"signal_score_threshold": 2.5 + number / 10}, False)
        assert became["kept"] == f"config.json.old-{8 + number}"
    kept = {path.name for path in folder.glob("config.json.old*")}
    numbers = range(10, 10 + KEPT)
    assert kept == {f"config.json.old-{n}" for n in numbers} | {"config.json.old-x", "config.json.older-1"}


def test_a_dry_run_writes_nothing(desk: WebConfig, running: Running) -> None:
    became = desk.change({"signal_score_threshold": 2.5}, True)
    assert (became["written"], len(became["changes"])) == (False, 1)
    assert _file(running) == CONFIG
    assert list(running.setup.paths.dir.glob("config.json.old*")) == []


def test_what_needs_a_restart_is_written_and_said(desk: WebConfig, running: Running) -> None:
    became = desk.change({"trade_management.leverage": 3.0, "signal_score_threshold": 3.0}, False)
    assert (became["written"], became["applied"]) == (True, False)
    assert became["needs_restart"] == ["trade_management.leverage"]
    assert running.asked == 0
    assert running.config.signal_score_threshold == 2.0
    assert "restart" in became["message"]


def test_a_daemon_that_refuses_is_told(desk: WebConfig, running: Running) -> None:
    running.takes = False
    became = desk.change({"signal_score_threshold": 3.0}, False)
    assert (became["written"], became["applied"]) == (True, False)


def test_equal_values_change_nothing(desk: WebConfig, running: Running) -> None:
    became = desk.change({"signal_score_threshold": 2.0}, False)
    assert (became["written"], became["changes"]) == (False, [])
    assert _file(running) == CONFIG


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"signal_score_threshold": -1}, "signal_score_threshold"),
        ({"signal_score_threshold": "2"}, "signal_score_threshold"),
        ({"interval": "7"}, "interval"),
        ({"nothing": 1}, "nothing"),
        ({"weight_sets.other.vwap": 1}, "weight_sets.other.vwap"),
        ({"alerts.heartbeat_url": "https://evil.example/"}, "alerts.heartbeat_url"),
        ({"alerts.heartbeat_url": "***"}, "alerts.heartbeat_url"),
        ({"alerts.heartbeat_url": "${NOT_SET}", "alerts.enabled": True}, "alerts.heartbeat_url"),
    ],
)
def test_a_fault_is_named_and_nothing_is_written(
    desk: WebConfig, running: Running, changes: dict[str, Any], path: str
) -> None:
    problem = _refused(lambda: desk.change(changes, False))
    assert (problem.status, problem.code, problem.field) == (422, "invalid", path)
    assert problem.problems[0]["path"] == path
    assert "evil" not in str(problem.document())
    assert _file(running) == CONFIG


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "live"},
        {"live_trading_confirmed": True},
        {"exchange.rest_url": "http://127.0.0.1:1"},
        {"web.allow_orders": True},
        {"web.token": "${OTHER}"},
        {"alerts.telegram.chat_ids": [1]},
        {"metrics.textfile": "/elsewhere/x.prom"},
        {"signal_score_threshold": 3.0, "scanner.output.alert_file": "/elsewhere/x"},
    ],
)
def test_what_decides_over_money_and_orders_is_not_for_the_web(
    desk: WebConfig, running: Running, changes: dict[str, Any]
) -> None:
    problem = _refused(lambda: desk.change(changes, False))
    assert (problem.status, problem.code) == (403, "config_place_refused")
    assert _file(running) == CONFIG


def test_a_file_that_broke_meanwhile_stays_as_it_is(desk: WebConfig, running: Running) -> None:
    path = running.setup.paths.config
    for text in ("{", "[]"):
        path.write_text(text)
        problem = _refused(lambda: desk.change({"signal_score_threshold": 2.5}, False))
        assert problem.status in (409, 422)
        assert path.read_text() == text


def test_a_full_disk_leaves_nothing_half_done(
    desk: WebConfig, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FileSystem, "pwrite", full)
    assert _refused(lambda: desk.change({"signal_score_threshold": 2.5}, False)).status == 409
    assert _file(running) == CONFIG
    assert [path.name for path in running.setup.paths.dir.glob("config*")] == ["config.json"]


def test_limits_are_those_in_force(desk: WebConfig) -> None:
    assert desk.limits() == {
        "max_day_loss_pct": 3.0,
        "max_drawdown_pct": 8.0,
        "max_consecutive_losses": 5,
        "max_total_positions": 5,
    }
