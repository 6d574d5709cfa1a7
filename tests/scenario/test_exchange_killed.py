"""The local exchange is killed in the middle of keeping its account: the one before it is whole."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import processes
import pytest
from stage import SCALE, Stage
from waiting import until

QTY = "0.01"
KILLED = '''
import os, signal, stat

_real = {name: getattr(os, name) for name in ("fsync", "replace")}
_calls, _saves = [], 0


def _dies(name, wanted):
    """The third whole save after the mark was there: the second began after it and ended."""
    global _saves
    if name == "fsync":
        _calls.clear()
        _saves += os.path.exists(os.environ["KILL_MARK"])
    _calls.append(name)
    return _saves == 3 and "+".join(_calls) == wanted


def _fsync(fd):
    if stat.S_ISREG(os.fstat(fd).st_mode) and _dies("fsync", os.environ["KILL_AT"]):
        os.ftruncate(fd, os.fstat(fd).st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)
    _real["fsync"](fd)


def _replace(source, target):
    if _dies("replace", os.environ["KILL_AT"]):
        os.kill(os.getpid(), signal.SIGKILL)
    _real["replace"](source, target)


os.fsync, os.replace = _fsync, _replace
'''


@pytest.mark.parametrize("place", ["fsync", "fsync+replace+replace"])
def test_a_kill_in_the_middle_of_a_save_keeps_the_account(
    tmp_path: Path, lively: str, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """With half of the new file written, and when the old one has given up its name."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(KILLED)
    mark, kept = tmp_path / "mark", processes.environment
    changes = {
        "PYTHONPATH": f"{tmp_path / 'site'}:{processes.ROOT}",
        "KILL_MARK": str(mark),
        "KILL_AT": place,
    }
    monkeypatch.setattr(processes, "environment", lambda: kept(**changes))
    with Stage(tmp_path, lively, SCALE, "--no-wait-for-client") as stage:
        order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": QTY}
        stage.request("POST", "order/create", **order)
        until(lambda: size_of(stage) == Decimal(QTY), "the order is filled", 30)
        mark.touch()
        assert stage.exchange.wait() == -9
        monkeypatch.undo()
        folder = stage.exchange.folder
        assert (folder / "exchange.json").exists() == (place != "fsync+replace+replace")
        again = stage.play(SCALE, "--no-wait-for-client")
        assert size_of(stage) == Decimal(QTY)
        assert "going on from the saved state" in again.output
        assert not again.state_now()["violations"]
        again.stop()
    assert not list(folder.glob("*.damaged-*"))


def size_of(stage: Stage) -> Decimal:
    """The size of the position at the exchange."""
    rows = stage.request("GET", "position/list", category="linear", symbol="BTCUSDT")["list"]
    return sum((Decimal(row["size"] or 0) for row in rows), Decimal(0))
