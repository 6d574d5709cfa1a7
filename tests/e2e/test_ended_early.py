"""A daemon that is told to end before it trades: while the venue is silent, and before it listens at all."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from processes import Process, environment, write_config, write_keys
from waiting import time_of_end

_FIRST_SECOND = """
import os, sys
import whalebot.app.commands.run as command
from whalebot.__main__ import main
def run(args):
    os.kill(os.getpid(), int(os.environ["NUMBER"]))
    return 7
command.run = run
sys.exit(main())
"""


@pytest.mark.socket
def test_a_stop_while_the_venue_is_silent_is_obeyed_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        urls = {
            "rest_url": f"http://{host}",
            "ws_public_url": f"ws://{host}/v5/public/linear",
            "ws_private_url": f"ws://{host}/v5/private",
        }
        write_config(tmp_path / "d", {"mode": "testnet", "exchange": urls})
        write_keys(tmp_path / "d")
        silent.settimeout(30)
        with Process("run", tmp_path / "d", "--dir", tmp_path / "d") as daemon:
            asked, _ = silent.accept()
            with asked:
                daemon.child.send_signal(signal.SIGTERM)
                took_s = time_of_end(daemon.child, 60)
                assert daemon.child.returncode == 0, daemon.output
                assert took_s < 5, daemon.output
    assert "ended: told to stop before the venue had answered" in daemon.output
    [*_, ended] = (tmp_path / "d" / "state" / "audit.jsonl").read_text().splitlines()
    assert "told to stop before the venue had answered" in ended
    assert "Traceback" not in daemon.output


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGHUP, 7)])
def test_signals_of_the_first_moment_have_their_meaning(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_SECOND, "run", "--dir", str(tmp_path)],
        env=environment(NUMBER=str(int(number))),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert not done.stderr
