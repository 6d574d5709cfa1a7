"""Nobody gets a request who cannot prove that the name is theirs."""

from __future__ import annotations

import random
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from whalebot.adapters.bybit.auth import Credentials, VenueClock
from whalebot.adapters.bybit.connection import Link, StreamConnection
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.rest import RestFactory, RestSettings
from whalebot.adapters.bybit.silence import StreamTimings
from whalebot.domain.errors import TransportError
from whalebot.domain.events import Event
from whalebot.runtime.clock import SystemClock

STRANGER = Path(__file__).parent / "stranger.pem"
"""A certificate nobody vouches for, of another name, with its key: for this test alone."""


class Stranger:
    """A TLS server with the wrong certificate; keeps what it was told in plain."""

    def __init__(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(STRANGER)
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
                with sock, self._context.wrap_socket(sock, server_side=True) as inside:
                    inside.settimeout(5)
                    self.heard.append(inside.recv(65536))
            except ssl.SSLError:
                continue
            except OSError:
                if self._listener.fileno() < 0:
                    return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(30)


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    server = Stranger()
    yield server
    server.close()


def test_rest_sends_nothing_to_a_host_that_cannot_prove_its_name(stranger: Stranger) -> None:
    url = f"https://127.0.0.1:{stranger.port}"
    keys = Credentials("key-of-the-test", "secret-of-the-test")
    settings = RestSettings(Endpoints(url, "wss://x", "wss://x"), ("BTCUSDT",), keys)
    client = RestFactory(settings, SystemClock(), lambda _: None).client()
    with pytest.raises(TransportError, match="certificate verify failed"):
        client.account.snapshot()
    client.close()
    assert stranger.heard == []


class _Nobody:
    def put(self, event: Event) -> None:
        """Nothing comes."""

    def wait_settled(self, timeout_s: float) -> bool:
        return True


@pytest.mark.parametrize("is_vouched_for", [False, True], ids=["unknown issuer", "another name"])
def test_streams_send_nothing_to_a_host_that_cannot_prove_its_name(
    stranger: Stranger, is_vouched_for: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_vouched_for:
        monkeypatch.setenv("SSL_CERT_FILE", str(STRANGER))
    reasons: list[str] = []

    def on_state(up: bool, reason: str) -> None:
        reasons.append(reason)
        connection.stop()

    keys = Credentials("key-of-the-test", "secret-of-the-test")
    link = Link("private", f"wss://127.0.0.1:{stranger.port}/v5/private", ["order"], keys, 1.0)
    connection = StreamConnection(
        link, _Nobody(), SystemClock(), VenueClock(SystemClock()), StreamTimings(), random.Random(1), on_state
    )
    connection.run()
    expected = "IP address mismatch" if is_vouched_for else "certificate verify failed"
    assert expected in reasons[0]
    assert stranger.heard == []
