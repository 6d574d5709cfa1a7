"""Nothing leaves this machine in plain text, for a stranger, or on to where a redirect leads."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from whalebot.adapters.alerts.channels import AppriseChannel, ChannelSettings
from whalebot.adapters.alerts.heartbeat import Heartbeat, address_fault
from whalebot.adapters.alerts.signed_webhook import SignedWebhook
from whalebot.app.cli import main
from whalebot.domain.enums import Level
from whalebot.domain.errors import ConfigError

LIMIT_S = 30
TOKEN = "s3cr3t-path"

# Apprise's own plug-ins use modules that Python is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@contextmanager
def service(status: int, endless: bool = False) -> Iterator[tuple[str, queue.Queue[str]]]:
    """A service that answers every request alike; the paths that were asked for. `endless`: until told."""
    asked: queue.Queue[str] = queue.Queue()
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            asked.put(self.path)
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "1000000" if endless else "0")
            self.end_headers()
            if endless:
                over.wait(LIMIT_S)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/ping", asked
    over.set()
    server.shutdown()
    thread.join(LIMIT_S)
    server.server_close()


def _beat_twice(url: str, asked: queue.Queue[str]) -> list[str]:
    heart = Heartbeat(url, period_s=0.0)
    paths = []
    for _ in range(2):
        heart.beat()
        paths.append(asked.get(timeout=LIMIT_S))
    heart.stop(LIMIT_S)
    assert not heart.is_alive
    return paths


@pytest.mark.socket
def test_a_heartbeat_follows_no_redirect() -> None:
    with service(302) as (url, asked):
        assert _beat_twice(url, asked) == ["/ping", "/ping"]


@pytest.mark.socket
def test_a_heartbeat_reads_no_answer() -> None:
    with service(200, endless=True) as (url, asked):
        assert _beat_twice(url, asked) == ["/ping", "/ping"]


@pytest.mark.socket
def test_plain_text_to_this_machine_goes_past_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with service(200) as (url, asked):
        assert _beat_twice(url, asked) == ["/ping", "/ping"]
        SignedWebhook("ops", url, None, threading.Event(), timeout_s=LIMIT_S).post(b"{}")
        assert asked.get_nowait() == "/ping"


@pytest.mark.socket
def test_a_webhook_reads_no_answer() -> None:
    with service(200, endless=True) as (url, asked):
        SignedWebhook("ops", url, None, threading.Event(), timeout_s=LIMIT_S).post(b"{}")
        assert asked.get_nowait() == "/ping"


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://beat.example/s3cr3t-path", "plain text"),
        ("ftp://127.0.0.1/s3cr3t-path", "not an address"),
        ("https:///s3cr3t-path", "not an address"),
        ("https://beat.example:x/s3cr3t-path", "not an address"),
        ("s3cr3t-path", "not an address"),
    ],
)
def test_a_heartbeat_elsewhere_must_be_encrypted(url: str, word: str, tmp_path, capsys) -> None:
    assert word in address_fault(url)
    table = {"alerts": {"enabled": True, "heartbeat_url": "${PING}"}}
    (tmp_path / "config.json").write_text(json.dumps(table))
    (tmp_path / ".env").write_text(f"PING={url}\n")
    (tmp_path / ".env").chmod(0o600)
    assert main(["config", "check", "--dir", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert "alerts.heartbeat_url" in err
    assert word in err
    assert TOKEN not in out + err


@pytest.mark.parametrize("url", ["https://beat.example/x?y=1", "http://127.0.0.1:1/x", "http://localhost/x"])
def test_a_heartbeat_may_go_encrypted_or_to_this_machine(url: str) -> None:
    assert address_fault(url) == ""


REFUSED = [
    ("json://hook.example/s3cr3t-path", "plain text"),
    ("jsons://hook.example/s3cr3t-path?verify=no", "verify=no"),
    ("json://127.0.0.1/s3cr3t-path?verify=no", "verify=no"),
    ("jsons://hook.example/s3cr3t-path?redirect=yes", "redirect=yes"),
    ("jsons://hook.example/s3cr3t-path, json://hook.example/s3cr3t-path", "plain text"),
    ("mailto://u:s3cr3t-path@mail.example", "plain text"),
    ("mailto://u:s3cr3t-path@mail.example?mode=insecure", "plain text"),
    ("mailtos://u:s3cr3t-path@mail.example?mode=insecure", "plain text"),
    ("ntfy://ntfy.example/s3cr3t-path", "plain text"),
    ("rsyslog://log.example", "plain text"),
]


@pytest.mark.parametrize(("url", "word"), REFUSED)
def test_a_channel_that_anybody_could_read_is_refused(url: str, word: str) -> None:
    with pytest.raises(ConfigError, match="'phone'") as caught:
        AppriseChannel(ChannelSettings("phone", url, Level.INFO))
    assert word in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "jsons://hook.example/x",
        "json://127.0.0.1:1/x",
        "json://[::1]:1/x",
        "json://localhost/x",
        "mailtos://u:p@mail.example",
        "mailto://u:p@gmail.com",
        "mailto://u:p@mail.example?smtp=127.0.0.1",
        "ntfys://ntfy.example/topic",
        "tgram://123456789:abcdefghijABCDEFGHIJ_-klmnopqrstu12345/123",
        "syslog://",
    ],
)
def test_a_channel_that_only_its_service_can_read_is_opened(url: str) -> None:
    assert AppriseChannel(ChannelSettings("phone", url, Level.INFO)).name == "phone"


@pytest.mark.socket
def test_a_channel_follows_no_redirect() -> None:
    with service(307) as (url, asked):
        channel = AppriseChannel(ChannelSettings("phone", url.replace("http:", "json:"), Level.INFO))
        assert not channel.deliver(Level.INFO, "title", "text")
        assert asked.get_nowait() == "/ping"
        assert asked.empty()


def test_config_check_says_it(tmp_path, capsys) -> None:
    table = {"alerts": {"enabled": True, "channels": [{"name": "phone", "url": "${PHONE}"}]}}
    (tmp_path / "config.json").write_text(json.dumps(table))
    (tmp_path / ".env").write_text("PHONE=json://hook.example/s3cr3t-path\n")
    (tmp_path / ".env").chmod(0o600)
    assert main(["config", "check", "--dir", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert "a start would be refused: alerts.channels: the url of 'phone': plain text" in out
    assert TOKEN not in out + err
