"""Disks that refuse one process, and no other."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

from whalebot.research.chaos import disk

ASKED = """
import sys
for line in sys.stdin:
    try:
        with open(sys.argv[1], "ab", buffering=0) as file:
            file.write(b"x")
        print("written", flush=True)
    except OSError as error:
        print(type(error).__name__, flush=True)
"""


def test_a_full_disk_takes_nothing_until_there_is_room_again(tmp_path: Path) -> None:
    target = tmp_path / "file"
    child = subprocess.Popen(
        [sys.executable, "-c", ASKED, str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def write() -> str:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write("now\n")
        child.stdin.flush()
        return child.stdout.readline().strip()

    with child:
        assert write() == "written"
        disk.fill(child.pid)
        assert write() == "OSError"
        disk.empty(child.pid)
        assert write() == "written"
        assert child.stdin is not None
        child.stdin.close()
    assert target.read_bytes() == b"xx"
    disk.fill(child.pid)


def test_a_read_only_folder_is_writable_again_afterwards(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    history = tmp_path / "trade_history.json"
    history.touch(mode=0o600)
    disk.forbid(tmp_path)
    assert [modes(place) for place in (tmp_path, tmp_path / "state", history)] == [0o500, 0o500, 0o400]
    disk.allow(tmp_path)
    assert [modes(place) for place in (tmp_path, tmp_path / "state", history)] == [0o700, 0o700, 0o600]


def modes(place: Path) -> int:
    return stat.S_IMODE(place.stat().st_mode)
