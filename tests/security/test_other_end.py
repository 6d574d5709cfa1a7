"""Both ends of the control socket ask the system who the other one is."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from whalebot.adapters.control import client as client_module
from whalebot.adapters.control import peer
from whalebot.adapters.control import server as server_module
from whalebot.adapters.control.client import ask
from whalebot.adapters.control.server import ControlServer
from whalebot.domain.errors import ConfigError, TransportError
from whalebot.domain.events import Event
from whalebot.runtime.clock import SystemClock


class Heard:
    """Keeps what reached the engine."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def put(self, event: Event) -> None:
        self.events.append(event)

    def wait_settled(self, timeout_s: float) -> bool:
        return True


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def path(tmp_path: Path, heard: Heard) -> Iterator[Path]:
    server = ControlServer(tmp_path / "c.sock", heard, SystemClock(), lambda: None)
    server.start()
    yield tmp_path / "c.sock"
    server.stop()


def test_the_system_knows_its_own() -> None:
    here, there = socket.socketpair()
    with here, there:
        assert peer.is_own(here)


def test_the_number_of_another_user_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = socket.socketpair()
    with here, there:
        monkeypatch.setattr(os, "getuid", lambda: 54321)
        monkeypatch.setattr(peer, "_ROOT", -1)
        assert not peer.is_own(here)


def test_a_stranger_s_command_is_not_heard(path: Path, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "is_own", lambda _: False)
    with pytest.raises((TransportError, ConfigError)):
        ask(path, "panic")
    assert heard.events == []


def test_a_stranger_s_word_is_not_taken_for_the_daemon_s(
    path: Path, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "is_own", lambda _: False)
    with pytest.raises(ConfigError, match="another user listens here"):
        ask(path, "panic")
    assert heard.events == []


def test_the_owner_is_heard(path: Path, heard: Heard) -> None:
    assert ask(path, "panic")["ok"] is True
    assert len(heard.events) == 1
