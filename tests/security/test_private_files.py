"""Whatever the umask and whoever was there first: what the daemon writes is its owner's alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from whalebot.adapters.exchange.server.eventlog import EventLog
from whalebot.adapters.exchange.server.state_store import StateStore
from whalebot.adapters.logs.files import LogFile
from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.history import TradeHistory
from whalebot.adapters.storage.lock import FolderLock
from whalebot.adapters.storage.state import StateFile
from whalebot.app.config.defaults import write_default
from whalebot.app.paths import Paths
from whalebot.domain.errors import ConfigError
from whalebot.domain.state import StateDocument

NOBODY = 65534


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "d", tmp_path / "d" / "config.json")


@pytest.mark.usefixtures("no_umask")
def test_without_a_umask_nobody_else_may_read_anything(paths: Paths) -> None:
    paths.prepare()
    write_default(paths.config)
    with FolderLock(paths.lock):
        TradeHistory.open(paths.history, write_ahead=paths.write_ahead)
        for revision in (1, 2):
            StateFile(paths.state_file("demo")).save(StateDocument(run_id="r", revision=revision))
        LogFile(paths.log).close()
        log = EventLog(paths.logs / "exchange.jsonl", lambda: 1, lambda: 1)
        log.write("start")
        log.close()
        store = StateStore(paths.exchange_state)
        store.save({"version": 1})
        store.save({"version": 1})
        found = {
            str(path.relative_to(paths.dir)): stat.S_IMODE(path.stat().st_mode)
            for path in (paths.dir, *paths.dir.rglob("*"))
        }
    assert len(found) > 12
    wrong = {
        name: oct(mode)
        for name, mode in found.items()
        if mode != (0o700 if (paths.dir / name).is_dir() else 0o600)
    }
    assert not wrong


def test_folders_that_stood_open_are_closed(paths: Paths) -> None:
    paths.dir.mkdir()
    for folder in (paths.logs, paths.state):
        folder.mkdir()
        folder.chmod(0o775)
    paths.prepare()
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (paths.logs, paths.state)} == {0o700}


def test_a_folder_where_everybody_may_write_is_refused(paths: Paths) -> None:
    paths.dir.mkdir()
    paths.dir.chmod(0o777)
    with pytest.raises(ConfigError, match=r"every user may write to it; try: chmod o-w"):
        paths.prepare()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_folders_and_links_of_another_user_are_refused(paths: Paths, tmp_path: Path) -> None:
    paths.dir.mkdir()
    paths.state.mkdir()
    os.chown(paths.state, NOBODY, NOBODY)
    with pytest.raises(ConfigError, match=r"state: belongs to another user.*chown"):
        paths.prepare()
    paths.state.rmdir()
    own = tmp_path / "own"
    own.mkdir()
    paths.state.symlink_to(own)
    os.lchown(paths.state, NOBODY, NOBODY)
    with pytest.raises(ConfigError, match="state: belongs to another user"):
        paths.prepare()
    victim = tmp_path / "victim"
    victim.write_text("dear")
    paths.history.symlink_to(victim)
    os.lchown(paths.history, NOBODY, NOBODY)
    with pytest.raises(ConfigError, match="a link that another user made"):
        TradeHistory.open(paths.history)
    assert victim.read_text() == "dear"


def test_a_link_of_the_owner_to_another_disk_is_followed(paths: Paths, tmp_path: Path) -> None:
    paths.dir.mkdir()
    elsewhere = tmp_path / "disk"
    elsewhere.mkdir(mode=0o755)
    paths.state.symlink_to(elsewhere)
    paths.prepare()
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o700


def test_a_planted_temporary_file_lends_neither_its_owner_nor_its_mode(tmp_path: Path) -> None:
    planted = tmp_path / "trade_history.json.tmp"
    planted.touch(0o666)
    planted.chmod(0o666)
    kept = planted.open("r+b")
    FileSystem().write_replacing(tmp_path / "trade_history.json", b"[]\n")
    assert stat.S_IMODE((tmp_path / "trade_history.json").stat().st_mode) == 0o600
    with kept:
        kept.write(b"gone")
    assert (tmp_path / "trade_history.json").read_bytes() == b"[]\n"
