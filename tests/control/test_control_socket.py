"""The control socket between real ends: answers, commands, and peers that behave badly."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import stat
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.adapters.control import server as server_module
from whalebot.adapters.control.client import NoDaemon, ask
from whalebot.adapters.control.protocol import COMMANDS, MAX_REQUEST_BYTES, BadRequest, parse_request
from whalebot.adapters.control.server import MAX_CLIENTS, ControlServer
from whalebot.adapters.control.view_json import view_to_json
from whalebot.domain.analysis import Analysis
from whalebot.domain.enums import Side, Signal
from whalebot.domain.errors import ConfigError, TransportError
from whalebot.domain.events import Command, Event, Order
from whalebot.domain.view import PositionView, SymbolView, View
from whalebot.runtime.clock import ManualClock


class _Sink:
    def __init__(self) -> None:
        self.events: queue.Queue[Event] = queue.Queue()

    def put(self, event: Event) -> None:
        self.events.put(event)

    def wait_settled(self, timeout_s: float) -> bool:
        return True


class _Daemon:
    """A server in front of nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sink = _Sink()
        self.view: View | None = None
        self.server = ControlServer(path, self.sink, ManualClock(77), lambda: self.view, lambda: {"lanes": 3})

    def raw(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(5)
        sock.connect(str(self.path))
        return sock


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[_Daemon]:
    found = _Daemon(tmp_path / "c.sock")
    found.server.start()
    yield found
    found.server.stop()


def _line(sock: socket.socket) -> dict[str, Any]:
    data = b""
    while not data.endswith(b"\n"):
        part = sock.recv(65536)
        assert part, f"closed after {data!r}"
        data += part
    answer = json.loads(data)
    assert isinstance(answer, dict)
    return answer


def _view() -> View:
    held = PositionView(
        "A", Side.SELL, Decimal("0.10"), Decimal("1E-7"), None, Decimal("9.50"), None, None, Decimal("-1.5"),
        Decimal(0), Decimal(0), 5, 2.0, False, False, None,
    )  # fmt: skip
    found = Analysis(
        "A", "15", 0, 900_000, Decimal("10.50"), 1.0, 0.5, (("vwap", 0.5), ("psar", float("nan"))),
        Signal.HOLD, (), 0.0, (), (), True, 2.0,
    )  # fmt: skip
    one = SymbolView("A", Decimal("10.50"), None, 1.5, 20, False, found, held, ("w-1",), ())
    return View(
        1, 2, True, (), (("public", True, ""),), (one,), None, Decimal("1000.00"), None, 0.0, 0, 0,
        Decimal(0), None, 0, (("spread", 2),), None, None, False,
    )  # fmt: skip


def test_status_shows_the_frozen_view_and_the_health(daemon: _Daemon) -> None:
    assert ask(daemon.path, "status")["view"] is None
    daemon.view = _view()
    answer = ask(daemon.path, "status")
    assert answer["health"] == {"lanes": 3}
    assert answer["view"] == view_to_json(daemon.view)
    assert daemon.sink.events.empty()


def test_the_view_for_machines_keeps_decimals_and_has_no_nan() -> None:
    found = view_to_json(_view())
    one = found["symbols"][0]
    assert found["equity"] == "1000.00"
    assert found["refusals"] == {"spread": 2}
    assert found["streams"] == [{"name": "public", "up": True, "detail": ""}]
    assert one["position"]["entry_price"] == "0.0000001"
    assert one["position"]["side"] == "Sell"
    assert one["analysis"]["breakdown"] == {"vwap": 0.5, "psar": None}
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("command", "order"),
    [("pause", Order.PAUSE), ("resume", Order.RESUME), ("flatten", Order.FLATTEN), ("panic", Order.PANIC)],
)
def test_a_command_reaches_the_engine(daemon: _Daemon, command: str, order: Order) -> None:
    assert ask(daemon.path, command)["ok"] is True
    assert daemon.sink.events.get(timeout=30) == Command(order, "the owner's command", 77)


def test_only_the_owner_may_connect(daemon: _Daemon) -> None:
    assert stat.S_IMODE(daemon.path.stat().st_mode) == 0o600


def test_one_connection_may_ask_several_things(daemon: _Daemon) -> None:
    with daemon.raw() as sock:
        for command in ("pause", "resume"):
            sock.sendall(json.dumps({"command": command}).encode() + b"\n")
            assert _line(sock) == {"ok": True, "command": command}


_GARBAGE = [
    b"hello\n",
    b"\xff\xfe\x00\n",
    b"[" * 3000 + b"\n",
    b"{}\n",
    b'{"command": "stop"}\n',
    b'{"command": ["panic"]}\n',
    b'{"command": "panic", "force": true}\n',
    b'"panic"\n',
    b'{"command": "panic"\n',
]


@pytest.mark.parametrize("line", _GARBAGE)
def test_garbage_gets_an_error_and_changes_nothing(daemon: _Daemon, line: bytes) -> None:
    with daemon.raw() as sock:
        sock.sendall(line)
        answer = _line(sock)
        assert answer["ok"] is False
        assert answer["error"]
        sock.sendall(b'{"command": "status"}\n')
        assert _line(sock)["ok"] is True
    assert daemon.sink.events.empty()


@given(st.binary(max_size=200))
def test_no_line_is_taken_for_a_command_by_accident(line: bytes) -> None:
    try:
        command = parse_request(line)
    except BadRequest:
        return
    assert json.loads(line) == {"command": command}
    assert command in COMMANDS


def test_an_endless_line_is_cut(daemon: _Daemon) -> None:
    with daemon.raw() as sock:
        sock.sendall(b"x" * (MAX_REQUEST_BYTES + 1))
        assert "at most" in _line(sock)["error"]
        assert sock.recv(10) == b""
    assert ask(daemon.path, "status")["ok"]


def test_a_peer_that_stays_silent_is_closed(daemon: _Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_CLIENT_LIMIT_S", 0.01)
    # On a busy machine it is closed before the words came, and then they break on it.
    with daemon.raw() as sock, contextlib.suppress(ConnectionError):
        sock.sendall(b'{"comm')
        assert sock.recv(10) == b""


def test_silent_peers_do_not_lock_others_out_for_long(
    daemon: _Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_CLIENT_LIMIT_S", 0.2)
    crowd = [daemon.raw() for _ in range(MAX_CLIENTS)]
    for sock in crowd:
        assert sock.recv(10) == b""
        sock.close()
    monkeypatch.setattr(server_module, "_CLIENT_LIMIT_S", 30.0)
    assert ask(daemon.path, "status", timeout_s=30)["ok"]


def test_a_slow_peer_does_not_hold_up_another(daemon: _Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_CLIENT_LIMIT_S", 60.0)
    with daemon.raw() as slow:
        slow.sendall(b'{"command": ')
        assert ask(daemon.path, "pause", timeout_s=30)["ok"]
        slow.sendall(b'"status"}\n')
        assert _line(slow)["ok"]


def test_a_peer_that_does_not_listen_is_not_fed_for_ever(daemon: _Daemon) -> None:
    daemon.view = _view()
    with daemon.raw() as sock:
        sock.settimeout(1.0)
        questions = b'{"command": "status"}\n' * 100_000
        with pytest.raises((TimeoutError, ConnectionError)):
            sock.sendall(questions)
        waiting = [len(client.outbound) for client in list(daemon.server._clients.values())]
        assert max(waiting) < 400_000
    assert ask(daemon.path, "status")["ok"]


def test_a_bug_in_the_health_report_costs_one_connection(daemon: _Daemon) -> None:
    daemon.server._health = lambda: {}[0]  # type: ignore[assignment, index]
    with pytest.raises(TransportError, match="broke"):
        ask(daemon.path, "status")
    assert ask(daemon.path, "pause")["ok"]


def test_no_daemon_is_a_clear_message(tmp_path: Path) -> None:
    with pytest.raises(NoDaemon, match="no daemon is running here"):
        ask(tmp_path / "nothing.sock", "status")


def test_the_socket_of_a_dead_daemon_is_no_daemon_and_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "c.sock"
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(str(path))
    dead.close()
    with pytest.raises(NoDaemon):
        ask(path, "status")
    found = _Daemon(path)
    found.server.start()
    assert ask(path, "status")["ok"]
    found.server.stop()
    assert not path.exists()


def test_a_second_daemon_does_not_take_the_socket_over(daemon: _Daemon) -> None:
    second = _Daemon(daemon.path)
    with pytest.raises(ConfigError, match="another daemon"):
        second.server.start()
    second.server.stop()
    assert ask(daemon.path, "status")["ok"]


def test_a_file_in_the_place_of_the_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "c.sock"
    path.write_text("precious")
    found = _Daemon(path)
    with pytest.raises(ConfigError, match="not a socket"):
        found.server.start()
    found.server.stop()
    assert path.read_text() == "precious"


def test_a_path_too_long_for_a_socket_is_a_clear_message(tmp_path: Path) -> None:
    found = _Daemon(tmp_path / ("x" * 120))
    with pytest.raises(ConfigError, match="--dir"):
        found.server.start()
    found.server.stop()


def test_a_place_file_leads_to_a_socket_elsewhere(daemon: _Daemon, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.write_text(f"{daemon.path}\n")
    assert ask(tmp_path / "elsewhere.sock", "status", place=place)["ok"]
    with pytest.raises(NoDaemon):
        ask(tmp_path / "elsewhere.sock", "status", place=tmp_path / "missing")


def test_an_old_place_file_does_not_lead_away_from_a_socket_that_is_there(
    daemon: _Daemon, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    place.write_text(f"{tmp_path}/of-yesterday.sock\n")
    assert ask(daemon.path, "status", place=place)["ok"]


@pytest.mark.parametrize(
    ("said", "error", "text"),
    [
        (b"what?\n", TransportError, "not JSON"),
        (b"[1]\n", TransportError, "not that of a daemon"),
        (b'{"ok": false, "error": "no"}\n', ConfigError, "refuses: no"),
        (b'{"ok": tr', TransportError, "broke"),
        (None, TransportError, "did not answer"),
    ],
)
def test_a_strange_answer_is_told(
    tmp_path: Path, said: bytes | None, error: type[Exception], text: str
) -> None:
    path, done = tmp_path / "c.sock", threading.Event()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()

        def answer() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.recv(100)
                if said is None:
                    done.wait(30)
                else:
                    sock.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(error, match=text):
            ask(path, "status", timeout_s=0.1 if said is None else 30)
        done.set()
        thread.join(30)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_socket_of_another_user_is_a_clear_message(daemon: _Daemon) -> None:
    daemon.path.chmod(0)
    with pytest.raises(ConfigError, match="another user"):
        ask(daemon.path, "status")
