"""Who is told of what: the policy by hand, the webhook against a server that answers as told."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sample_records import signal_record

from whalebot.adapters.alerts.signed_webhook import SIGNATURE, SignedWebhook
from whalebot.decisions.scan.record import SignalRecord
from whalebot.domain.enums import Level
from whalebot.domain.errors import ConfigError, TransportError
from whalebot.scanner.alerting import CAPACITY, AlertPolicy, ScanAlerts, Verdict, words
from whalebot.scanner.correcting import read_table

OPTIONS = replace(read_table({}).options.alerts, enabled=True)
NOON = 1_767_268_800_000  # 2026-01-01 12:00 UTC
SECRET = "the-secret-of-the-hook"


def record(symbol: str = "BTCUSDT", **changes: Any) -> SignalRecord:
    return signal_record(symbol=symbol, **({"normalized_score": 0.4, "stop_loss": None} | changes))


@pytest.mark.parametrize(
    ("changes", "options", "verdict"),
    [
        ({}, {}, Verdict.SEND),
        ({"event": "repeat"}, {}, Verdict.NONE),
        ({"confidence": "Low"}, {}, Verdict.NONE),
        ({"confidence": "Low"}, {"min_confidence": "Low"}, Verdict.SEND),
        ({"normalized_score": -0.4}, {"min_abs_score": 0.5}, Verdict.NONE),
        ({}, {"symbols": ("ETHUSDT",)}, Verdict.NONE),
        ({}, {"quiet_hours": (("11:00", "13:00"),)}, Verdict.NONE),
        ({}, {"quiet_hours": (("22:00", "06:00"),)}, Verdict.SEND),
        ({}, {"quiet_hours": (("22:00", "12:30"),)}, Verdict.NONE),
    ],
)
def test_one_record_by_its_own_merits(changes: Any, options: Any, verdict: Verdict) -> None:
    assert AlertPolicy(replace(OPTIONS, **options)).judge(record(**changes), NOON) is verdict


def test_a_symbol_and_direction_rest_after_an_alert() -> None:
    policy = AlertPolicy(OPTIONS)
    assert policy.judge(record(), NOON) is Verdict.SEND
    assert policy.judge(record(), NOON + 899_999) is Verdict.NONE
    assert policy.judge(record(signal_type="Short"), NOON) is Verdict.SEND
    assert policy.judge(record("ETHUSDT"), NOON) is Verdict.SEND
    assert policy.judge(record(), NOON + 900_000) is Verdict.SEND


def test_what_is_too_much_for_a_minute_is_folded() -> None:
    policy = AlertPolicy(OPTIONS)
    verdicts = [policy.judge(record(f"A{number}USDT"), NOON + number) for number in range(12)]
    assert verdicts == [Verdict.SEND] * 10 + [Verdict.FOLD] * 2
    assert not policy.has_room(NOON + 59_999)
    assert policy.has_room(NOON + 60_000)


class Server:
    """Answers with the next of its (status, headers), then 200; "hang" waits for the end."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.bodies: list[tuple[bytes, dict[str, str]]] = []
        self.release = threading.Event()
        self.arrived = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.bodies.append((body, dict(self.headers)))
                owner.arrived.set()
                answer = owner.answers.pop(0) if owner.answers else 200
                if answer == "hang":
                    owner.release.wait(30)
                    return
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/hook/token-in-the-address"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,))
        self.thread.start()

    def stop(self) -> None:
        self.release.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join(30)


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()
    yield served
    served.stop()


def hook(server: Server, secret: str | None = SECRET, timeout_s: float = 5.0) -> SignedWebhook:
    return SignedWebhook("ops", server.url, secret, threading.Event(), 0.01, timeout_s)


def test_a_body_is_signed(server: Server) -> None:
    hook(server).post(b'{"a": 1}')
    body, headers = server.bodies[0]
    right = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers[SIGNATURE] == f"sha256={right}"
    hook(server, None).post(b"{}")
    assert SIGNATURE not in server.bodies[1][1]


@pytest.mark.parametrize(
    ("answers", "posts", "is_taken"),
    [
        ([500, 500], 3, True),
        ([500, 500, 500], 3, False),
        ([400], 1, False),
        ([302], 1, False),
        ([(429, {"Retry-After": "0"})], 2, True),
    ],
)
def test_what_is_tried_again(server: Server, answers: list[Any], posts: int, is_taken: bool) -> None:
    server.answers = list(answers)
    if is_taken:
        hook(server).post(b"{}")
    else:
        with pytest.raises(TransportError) as caught:
            hook(server).post(b"{}")
        assert "token-in-the-address" not in str(caught.value)
    assert len(server.bodies) == posts


def test_a_hook_that_hangs_holds_nobody_up(server: Server, caplog: Any) -> None:
    server.answers = ["hang"] * 3
    alerts = ScanAlerts(OPTIONS, [hook(server, timeout_s=0.2)], None, lambda: NOON)
    alerts.offer(record())
    assert server.arrived.wait(30)
    for number in range(CAPACITY + 20):
        alerts.send(record(f"A{number}USDT").as_json())
    assert alerts.lost == 20
    assert alerts.wait_idle(30)
    alerts.stop()
    sent = [json.loads(body)["symbol"] for body, _ in server.bodies[3:]]
    assert sent == [f"A{number}USDT" for number in range(20, 120)]
    assert "token-in-the-address" not in caplog.text
    assert SECRET not in caplog.text


def test_plain_text_stays_on_this_machine() -> None:
    with pytest.raises(ConfigError, match="https"):
        SignedWebhook("ops", "http://hooks.example/x", None, threading.Event())
    SignedWebhook("ops", "https://hooks.example/x", None, threading.Event())


def test_people_are_told_in_words_and_a_digest_tells_the_rest(server: Server) -> None:
    told: list[tuple[Level, str, str]] = []
    now = [NOON]
    options = replace(OPTIONS, max_per_minute=1)
    alerts = ScanAlerts(options, [hook(server)], lambda *one: told.append(one), lambda: now[0])
    for name in ("AUSDT", "BUSDT", "CUSDT"):
        alerts.offer(record(name))
    assert alerts.wait_idle(30)
    now[0] += 60_000
    alerts.tick()
    assert alerts.wait_idle(30)
    alerts.stop()
    assert [title for _, title, _ in told] == ["Long AUSDT (15)", "2 more signals"]
    assert json.loads(server.bodies[1][0])["count"] == 2


def test_a_template_is_filled_in() -> None:
    title, text = words(record().as_json(), "{symbol} {normalized_score} {stop_loss} {nobody}")
    assert title == "Long BTCUSDT (15)"
    assert text == "BTCUSDT 0.4 – {nobody}"
