"""A running daemon as other users of the machine see it: modes of files, list of processes, socket."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from processes import Daemon, children_of, write_config
from test_demo_run import EAGER, assert_private


def shown_of(pid: int) -> bytes:
    """What the list of processes shows to everybody."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_nothing_of_a_run_is_open_to_others_whatever_the_umask(tmp_path: Path, bars: str) -> None:
    folder = tmp_path / "d"
    folder.mkdir(mode=0o700)
    write_config(folder, EAGER)
    before = os.umask(0)
    try:
        with Daemon(folder, "--data", bars, "--speed", "36000") as daemon:
            daemon.wait_for_event("trade_closed")
            [exchange] = children_of(daemon.child.pid)
            environment = Path(f"/proc/{exchange}/environ").read_bytes().split(b"\0")
            [secret] = [
                v.partition(b"=")[2] for v in environment if v.startswith(b"WHALEBOT_EXCHANGE_SECRET")
            ]
            assert len(secret) > 20
            assert secret not in shown_of(exchange) + shown_of(daemon.child.pid)
            socket = folder / "state" / "control.sock"
            assert stat.S_IMODE(socket.stat().st_mode) == 0o600
            assert daemon.interrupt()[0] == 0
    finally:
        os.umask(before)
    assert_private(folder)
    holders = [file.name for file in folder.rglob("*") if file.is_file() and secret in file.read_bytes()]
    assert not holders
