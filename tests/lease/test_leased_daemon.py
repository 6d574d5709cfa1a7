"""The daemon as a process, with a lease of a cluster on loopback: it waits, gives back, and ends without."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest
from lease_cluster import ApiServer
from waiting import until

pytestmark = pytest.mark.socket
ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 90
_IN_A_POD = """
import sys
from pathlib import Path
import whalebot.app.lease
whalebot.app.lease.ACCOUNT_FOLDER = Path(sys.argv[1])
from whalebot.app.cli import main
raise SystemExit(main(sys.argv[2:]))
"""
CONFIG = {
    "mode": "demo",
    "demo": {"speed": 60},
    # Long, so that a slow machine is in time.
    "lease": {"kind": "kubernetes", "duration_s": 300, "renew_s": 1},
}


class Pod:
    """`whalebot run` in what it takes for a pod, the test its service manager; a context that kills it."""

    def __init__(self, folder: Path, server: ApiServer) -> None:
        home = folder / "home"
        home.mkdir()
        (home / "config.json").write_text(json.dumps(CONFIG))
        self.events = home / "logs" / "events.jsonl"
        self._output = folder / "output"
        self._told: list[str] = []
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(folder / "notify"))
        self._notify.setblocking(False)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BYBIT_")}
        pod = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(server.port)}
        with self._output.open("wb") as output:
            self.child = subprocess.Popen(
                [sys.executable, "-c", _IN_A_POD, str(server.account), "run", "--dir", str(home)],
                env={**kept, **pod, "PYTHONPATH": str(ROOT), "NOTIFY_SOCKET": str(folder / "notify")},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        """What it said so far."""
        return self._output.read_text()

    @property
    def is_ready(self) -> bool:
        """True once it told so."""
        while True:
            try:
                self._told.append(self._notify.recv(4096).decode())
            except BlockingIOError:
                return any("READY=1" in text for text in self._told)

    def wait_for(self, text: str) -> None:
        """Wait until it said something."""
        until(lambda: text in self.output or self.child.poll() is not None, text, LIMIT_S, self._tail)
        assert text in self.output, self._tail()

    def wait_ready(self) -> None:
        """Wait until it has compared its account with the venue."""
        until(lambda: self.is_ready or self.child.poll() is not None, "READY", LIMIT_S, self._tail)
        assert self.is_ready, self._tail()

    def code(self) -> int:
        """Wait for its end; return the exit code."""
        until(lambda: self.child.poll() is not None, "the end", LIMIT_S, self._tail)
        return self.child.returncode

    def _tail(self) -> str:
        return self.output[-3000:]

    def __enter__(self) -> Pod:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        self._notify.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ApiServer]:
    with ApiServer(tmp_path) as running:
        running.store.create({"holderIdentity": "another", "leaseDurationSeconds": 300})
        yield running


def hold_as(server: ApiServer, name: str) -> None:
    """Write the holder, whoever has it."""
    with server.lock:
        server.store.spec["holderIdentity"] = name
        server.store.replace(server.store.read())


def test_it_waits_for_its_turn_and_gives_the_lease_back_at_the_end(tmp_path: Path, server: ApiServer) -> None:
    with Pod(tmp_path, server) as pod:
        pod.wait_for("the lease on the account is held by another: waiting")
        assert not pod.is_ready
        hold_as(server, "")
        pod.wait_ready()
        holder = server.store.spec["holderIdentity"]
        assert holder.startswith(socket.gethostname())
        pod.child.send_signal(signal.SIGTERM)
        assert pod.code() == 0, pod.output[-3000:]
    assert server.store.spec["holderIdentity"] == ""


def test_told_to_end_it_waits_no_longer(tmp_path: Path, server: ApiServer) -> None:
    with Pod(tmp_path, server) as pod:
        pod.wait_for("held by another: waiting")
        pod.child.send_signal(signal.SIGTERM)
        assert pod.code() == 0, pod.output[-3000:]
        assert not pod.is_ready
    assert server.store.spec["holderIdentity"] == "another"


def test_a_lost_lease_ends_it_in_order_and_stays_with_the_other(tmp_path: Path, server: ApiServer) -> None:
    hold_as(server, "")
    with Pod(tmp_path, server) as pod:
        pod.wait_ready()
        hold_as(server, "another")
        assert pod.code() == 1, pod.output[-3000:]
        assert "the lease on the account is lost: it is held by another" in pod.output
        assert "Traceback" not in pod.output
        notices = [json.loads(line) for line in pod.events.read_text().splitlines()]
        assert [n["level"] for n in notices if n.get("kind") == "lease_lost"] == ["critical"]
    assert server.store.spec["holderIdentity"] == "another"
