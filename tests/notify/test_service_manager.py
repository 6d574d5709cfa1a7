"""The service manager's socket, with a real one at the other end; and the units that are shipped."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from whalebot.adapters.notify import systemd
from whalebot.adapters.notify.systemd import ServiceManager
from whalebot.app.service_unit import (
    CHECKED_FIRST,
    MANNERS,
    RELIES_ON,
    SANDBOX_OF_ALL,
    SANDBOX_OF_SYSTEM,
    UnitPlace,
    unit_text,
)
from whalebot.domain.errors import ConfigError

_UNITS = Path(__file__).resolve().parents[2] / "systemd"


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    name = str(tmp_path / "notify") if request.param == "path" else f"@whalebot-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.bind("\0" + name[1:] if name.startswith("@") else name)
        yield name, sock


def _said(sock: socket.socket) -> list[str]:
    return sock.recv(4096).decode().split("\n")


def test_ready_status_and_stopping_reach_the_manager(manager: tuple[str, socket.socket]) -> None:
    name, sock = manager
    found = ServiceManager({"NOTIFY_SOCKET": name})
    found.ready("reconciled\nwith the venue")
    found.status("2 symbols")
    found.status("2 symbols")
    found.stopping()
    assert _said(sock) == ["READY=1", "STATUS=reconciled with the venue"]
    assert _said(sock) == ["STATUS=2 symbols"]
    assert _said(sock) == ["STOPPING=1"]


def test_the_watchdog_is_fed_at_a_quarter_of_its_limit(
    manager: tuple[str, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, sock = manager
    now_s = 100.0
    monkeypatch.setattr(systemd.time, "monotonic", lambda: now_s)
    found = ServiceManager({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "8000000"})
    sock.setblocking(False)
    fed = 0
    for _ in range(100):
        found.progress()
        now_s += 0.5
        with contextlib.suppress(BlockingIOError):
            assert _said(sock) == ["WATCHDOG=1"]
            fed += 1
    assert fed == 25


def test_a_feed_that_did_not_arrive_is_tried_again(manager: tuple[str, socket.socket]) -> None:
    name, sock = manager
    found = ServiceManager({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "60000000"})
    filler = ServiceManager({"NOTIFY_SOCKET": name})
    for number in range(1000):
        filler.status(f"line {number}")
    found.progress()
    said = []
    sock.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            said.append(_said(sock))
    assert ["WATCHDOG=1"] not in said
    found.progress()
    found.progress()
    assert _said(sock) == ["WATCHDOG=1"]
    with pytest.raises(BlockingIOError):
        sock.recv(100)


def test_a_status_that_did_not_arrive_is_sent_again(manager: tuple[str, socket.socket]) -> None:
    name, sock = manager
    found, filler = ServiceManager({"NOTIFY_SOCKET": name}), ServiceManager({"NOTIFY_SOCKET": name})
    for number in range(1000):
        filler.status(f"line {number}")
    found.status("paused")
    sock.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            assert _said(sock) != ["STATUS=paused"]
    found.status("paused")
    found.status("paused")
    assert _said(sock) == ["STATUS=paused"]
    with pytest.raises(BlockingIOError):
        sock.recv(100)


def test_a_reload_is_told_only_of_a_service_that_is_ready(manager: tuple[str, socket.socket]) -> None:
    name, sock = manager
    found = ServiceManager({"NOTIFY_SOCKET": name})
    with found.reloading():
        pass
    found.ready()
    assert _said(sock) == ["READY=1"]
    with pytest.raises(RuntimeError), found.reloading():
        raise RuntimeError
    begun = _said(sock)
    assert begun[0] == "RELOADING=1"
    assert re.fullmatch(r"MONOTONIC_USEC=\d+", begun[1])
    assert _said(sock) == ["READY=1"]
    found.stopping()
    found.stopping()
    assert _said(sock) == ["STOPPING=1"]
    sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        sock.recv(100)


@pytest.mark.parametrize(
    "extra", [{}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}]
)
def test_no_watchdog_is_fed_that_nobody_keeps(
    manager: tuple[str, socket.socket], extra: dict[str, str]
) -> None:
    name, sock = manager
    sock.setblocking(False)
    ServiceManager({"NOTIFY_SOCKET": name, **extra}).progress()
    with pytest.raises(BlockingIOError):
        sock.recv(100)


@pytest.mark.parametrize("name", ["", "relative/path", "/nowhere/at/all"])
def test_without_a_manager_nothing_happens(name: str) -> None:
    found = ServiceManager({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1"})
    assert found.present is name.startswith("/")
    found.ready()
    found.progress()
    found.stopping()


def test_a_manager_that_hangs_does_not_hold_the_daemon(tmp_path: Path) -> None:
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(name)
        found = ServiceManager({"NOTIFY_SOCKET": name})
        for number in range(5000):
            found.status(f"line {number}")


@pytest.mark.parametrize("unit", ["whalebot.service", "whalebot@.service"])
def test_units_keep_what_the_daemon_relies_on(unit: str) -> None:
    lines = (_UNITS / unit).read_text().splitlines()
    for line in (
        "Type=notify",
        "TimeoutStartSec=infinity",
        "KillMode=mixed",
        "Restart=on-failure",
        "RestartPreventExitStatus=2 3",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "UMask=0077",
    ):
        assert line in lines
    assert any(line.startswith("WatchdogSec=") for line in lines)
    # With "-": systemd would try again after a failed check, but not after the daemon's own exit code 2.
    assert any(re.match(r"ExecStartPre=-.* config check ", line) for line in lines)
    for block in (RELIES_ON, CHECKED_FIRST, MANNERS, SANDBOX_OF_ALL, SANDBOX_OF_SYSTEM):
        assert set(block.splitlines()) <= set(lines)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", ["whalebot.service", "whalebot@.service"])
def test_units_are_clean_and_well_shut_in(unit: str, tmp_path: Path) -> None:
    text = (_UNITS / unit).read_text().replace("/opt/whalebot/.venv/bin/python", "/bin/true")
    path = tmp_path / unit.replace("@", "@one")
    path.write_text(text)
    checked = _analyze("verify", "--man=no", str(path))
    assert (checked.returncode, checked.stderr.strip()) == (0, "")
    rated = _analyze("security", "--offline=true", "--no-pager", str(path))
    found = re.search(r"exposure level for \S+: ([0-9.]+) (\w+)", rated.stdout)
    assert found, rated.stdout + rated.stderr
    assert float(found[1]) <= 2.0
    assert found[2] == "OK"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("account", [None, ("root", "root")])
def test_a_written_unit_is_clean_and_its_paths_survive(
    account: tuple[str, str] | None, tmp_path: Path
) -> None:
    folder = tmp_path / 'it\'s 100% "mine" $HOME'
    folder.mkdir()
    place = UnitPlace(Path("/bin/true"), folder, account, tmp_path / "a b", tmp_path / "c;d", ("--live",))
    path = tmp_path / "written.service"
    path.write_text(unit_text(place))
    checked = _analyze("verify", "--man=no", str(path))
    assert (checked.returncode, checked.stderr.strip()) == (0, "")


def test_a_written_unit_for_the_machine_is_shut_in(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    path = tmp_path / "written.service"
    path.write_text(unit_text(UnitPlace(Path("/bin/true"), Path("/srv/whalebot"), ("nobody", "nogroup"))))
    rated = _analyze("security", "--offline=true", "--no-pager", str(path))
    found = re.search(r"exposure level for \S+: ([0-9.]+) (\w+)", rated.stdout)
    assert found, rated.stdout + rated.stderr
    assert float(found[1]) <= 2.0


def test_a_path_that_no_unit_can_hold_is_refused() -> None:
    with pytest.raises(ConfigError, match="control characters"):
        unit_text(UnitPlace(Path("/bin/true"), Path("/srv/a\nUser=root"), None))


def _analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
