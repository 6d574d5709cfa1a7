"""One daemon per folder."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from whalebot.adapters.storage.lock import FolderLock
from whalebot.domain.errors import ConfigError

_HOLDER = """
import sys
from pathlib import Path
from whalebot.adapters.storage.lock import FolderLock
FolderLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""

_RIVAL = """
import sys
from pathlib import Path
from whalebot.adapters.storage.lock import FolderLock
from whalebot.domain.errors import ConfigError
sys.stdin.readline()
try:
    FolderLock(Path(sys.argv[1])).acquire()
    print("held", flush=True)
except ConfigError:
    print("refused", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "lock"


def run(code: str, path: Path) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=pipe, stdout=pipe, text=True, env=env
    )


def end(child: subprocess.Popen[str]) -> None:
    child.communicate(timeout=30)


def test_the_lock_is_private_and_names_its_owner(path: Path) -> None:
    with FolderLock(path):
        assert path.read_text() == f"{os.getpid()}\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_second_daemon_is_refused_by_name_until_the_first_lets_go(path: Path) -> None:
    first, second = FolderLock(path), FolderLock(path)
    first.acquire()
    with pytest.raises(ConfigError, match=rf"process {os.getpid()} already runs.*--dir"):
        second.acquire()
    assert path.read_text() == f"{os.getpid()}\n"
    first.release()
    first.release()
    second.acquire()
    second.release()


def test_another_process_is_seen_and_its_death_frees_the_lock(path: Path) -> None:
    child = run(_HOLDER, path)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(ConfigError, match=f"process {child.pid} already runs"):
        FolderLock(path).acquire()
    child.send_signal(signal.SIGKILL)
    end(child)
    assert path.exists(), "the dead process left its file"
    with FolderLock(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_of_several_at_once_exactly_one_gets_it(path: Path) -> None:
    children = [run(_RIVAL, path) for _ in range(4)]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    answers = [child.stdout.readline().strip() for child in children if child.stdout is not None]
    for child in children:
        end(child)
    assert sorted(answers) == ["held", "refused", "refused", "refused"]


def test_a_child_process_does_not_keep_the_lock_of_its_dead_parent(path: Path) -> None:
    lock = FolderLock(path)
    lock.acquire()
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, text=True
    )
    lock.release()
    with FolderLock(path):
        pass
    end(child)


@pytest.mark.parametrize("left", [b"", b"not a number", b"999999999\n"])
def test_a_stale_file_is_no_obstacle(path: Path, left: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(left)
    with FolderLock(path):
        with pytest.raises(ConfigError, match=f"process {os.getpid()}"):
            FolderLock(path).acquire()
        path.write_bytes(left)
        with pytest.raises(ConfigError, match="process 999999999" if left[:1] == b"9" else "another process"):
            FolderLock(path).acquire()


def test_a_place_that_cannot_be_locked_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(ConfigError, match=r"state.*--dir"):
        FolderLock(tmp_path / "state" / "lock").acquire()


def test_a_number_that_belongs_to_a_living_process_is_no_lock(path: Path) -> None:
    """Process ids come round again: what counts is who holds the lock, not whose number stands there."""
    path.parent.mkdir()
    path.write_text(f"{os.getppid()}\n")
    with FolderLock(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("dear")
    (tmp_path / "lock").symlink_to(victim)
    with pytest.raises(ConfigError, match=r"lock.*symbolic links"):
        FolderLock(tmp_path / "lock").acquire()
    assert victim.read_text() == "dear"
