"""Alerts: rate, repetition, failure, and that they hold nobody up."""

from __future__ import annotations

import builtins
import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.adapters.alerts.budget import Budget
from whalebot.adapters.alerts.channels import AppriseChannel, ChannelSettings, open_channels, reaches
from whalebot.adapters.alerts.heartbeat import Heartbeat
from whalebot.adapters.alerts.system import AlertRules, AlertSystem
from whalebot.domain.enums import Level
from whalebot.domain.errors import ConfigError

LIMIT_S = 30


class HandClock:
    """Time that moves when the test says so."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def now_ms(self) -> int:
        return self.ms


class Desk:
    """A channel that hands what it gets to the test; `fails` says how often it refuses first."""

    def __init__(
        self, fails: int = 0, min_level: Level = Level.WARNING, gate: threading.Event | None = None
    ) -> None:
        self.name, self.min_level = "desk", min_level
        self.got: queue.Queue[tuple[Level, str, str]] = queue.Queue()
        self.attempts = 0
        self._fails, self._gate = fails, gate

    def deliver(self, level: Level, title: str, text: str) -> bool:
        self.attempts += 1
        if self._gate is not None:
            self._gate.wait(LIMIT_S)
        if self.attempts <= self._fails:
            if self.attempts % 2:
                raise ConnectionError("no route")
            return False
        self.got.put((level, title, text))
        return True

    def titles(self) -> list[str]:
        return [self.got.get_nowait()[1] for _ in range(self.got.qsize())]


def system(*desks: Desk, clock: HandClock | None = None, **rules: Any) -> AlertSystem:
    return AlertSystem(desks, clock or HandClock(), AlertRules(**rules), retry_s=(0.0, 0.0))


def test_a_message_reaches_every_channel_of_its_level() -> None:
    everything, urgent = Desk(min_level=Level.INFO), Desk(min_level=Level.CRITICAL)
    alerts = system(everything, urgent)
    alerts.send(Level.INFO, "start", "demo")
    alerts.send(Level.CRITICAL, "kill", "day loss")
    alerts.send(Level.DEBUG, "noise", "")
    assert alerts.stop(LIMIT_S)
    assert list(everything.got.queue) == [
        (Level.INFO, "start", "demo"),
        (Level.CRITICAL, "kill", "day loss"),
    ]
    assert urgent.titles() == ["kill"]
    assert alerts.counts.delivered == 3


def test_equal_messages_are_sent_once_in_their_time() -> None:
    desk, clock = Desk(), HandClock()
    alerts = system(desk, clock=clock, dedup_ms=600_000)
    for text in ("a", "a", "b"):
        alerts.send(Level.WARNING, "stream down", text)
    clock.ms += 599_999
    alerts.send(Level.WARNING, "stream down", "a")
    clock.ms += 1
    alerts.send(Level.WARNING, "stream down", "a")
    alerts.stop(LIMIT_S)
    assert [text for _, _, text in desk.got.queue] == ["a", "b", "a"]
    assert alerts.counts.repeated == 2


def test_a_flood_is_held_back_counted_and_told_and_critical_ones_pass() -> None:
    desk, clock = Desk(), HandClock()
    alerts = system(desk, clock=clock, max_per_minute=2)
    for number in range(6):
        alerts.send(Level.WARNING, f"w{number}", "")
    alerts.send(Level.CRITICAL, "kill", "now")
    clock.ms += 60_000
    alerts.send(Level.WARNING, "later", "text")
    alerts.stop(LIMIT_S)
    sent = list(desk.got.queue)
    assert [title for _, title, _ in sent] == ["w0", "w1", "kill", "later"]
    assert sent[2][2] == "now\n(4 more messages were held back)"
    assert sent[3][2] == "text"
    assert alerts.counts.held_back == 4


@given(st.lists(st.tuples(st.integers(0, 20_000), st.booleans()), max_size=60), st.integers(1, 5))
def test_every_minute_holds_its_budget_and_no_more(steps, most) -> None:
    budget, now, sent = Budget(most), 0, []
    for gap, critical in steps:
        now += gap
        recent = [at for at, kind in sent if at > now - 60_000 and kind is critical]
        assert len(recent) <= most
        taken = budget.take(Level.CRITICAL if critical else Level.WARNING, now)
        assert taken is (len(recent) < most)
        if taken:
            sent.append((now, critical))


def test_a_channel_that_fails_is_tried_three_times_in_all() -> None:
    weak, dead = Desk(fails=2), Desk(fails=99)
    alerts = system(weak, dead)
    alerts.send(Level.WARNING, "t", "x")
    assert alerts.stop(LIMIT_S)
    assert weak.titles() == ["t"]
    assert (weak.attempts, dead.attempts) == (3, 3)
    assert (alerts.counts.delivered, alerts.counts.failed) == (1, 1)


def test_a_hanging_service_holds_nobody_up() -> None:
    gate = threading.Event()
    desk = Desk(gate=gate)
    alerts = system(desk, max_per_minute=10_000)
    for number in range(500):
        alerts.send(Level.CRITICAL, str(number), "")
    assert not alerts.stop(0.05)
    assert alerts.counts.dropped >= 500 - 202
    gate.set()
    assert alerts.stop(LIMIT_S)


def test_without_channels_nothing_is_sent_but_all_is_kept() -> None:
    alerts = system()
    alerts.send(Level.CRITICAL, "t", "x", "kill")
    assert alerts.counts.delivered == alerts.counts.held_back == 0
    assert [(record.kind, record.title) for record in alerts.records()] == [("kill", "t")]
    assert alerts.stop(LIMIT_S)
    assert not alerts.is_alive


def test_levels_are_ranked() -> None:
    ranked = [Level.DEBUG, Level.INFO, Level.WARNING, Level.CRITICAL]
    for at, least in enumerate(ranked):
        assert [reaches(Desk(min_level=least), level) for level in ranked] == [False] * at + [True] * (4 - at)


# --- apprise ----------------------------------------------------------------------------------------------


@pytest.fixture
def hook() -> Iterator[tuple[int, queue.Queue[dict[str, str]]]]:
    """A service on loopback that keeps what is posted to it."""
    got: queue.Queue[dict[str, str]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port, got
    server.shutdown()
    thread.join(LIMIT_S)
    server.server_close()


# Apprise's own plug-ins use modules that Python is about to drop.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.socket
def test_a_message_arrives_at_a_real_service(hook) -> None:
    port, got = hook
    channels = open_channels((ChannelSettings("hook", f"json://127.0.0.1:{port}/x", Level.INFO),))
    alerts = AlertSystem(channels, HandClock())
    alerts.send(Level.CRITICAL, "kill", "day loss 3.1 %")
    posted = got.get(timeout=LIMIT_S)
    assert (posted["title"], posted["message"], posted["type"]) == ("kill", "day loss 3.1 %", "failure")
    assert alerts.stop(LIMIT_S)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_address_nobody_knows_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigError, match="'phone'") as caught:
        AppriseChannel(ChannelSettings("phone", "nonsense-with-a-secret"))
    assert "nonsense" not in str(caught.value)
    assert "nonsense" not in repr(ChannelSettings("phone", "nonsense-with-a-secret"))


def test_a_missing_extra_is_named(monkeypatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name == "apprise":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match="extra alerts"):
        AppriseChannel(ChannelSettings("phone", "json://127.0.0.1/"))


# --- heartbeat --------------------------------------------------------------------------------------------


def test_a_heartbeat_needs_progress() -> None:
    calls: queue.Queue[str] = queue.Queue()
    heart = Heartbeat("https://example.org/ping", period_s=0.0, call=calls.put)
    assert calls.empty()
    for _ in range(2):
        heart.beat()
        assert calls.get(timeout=LIMIT_S) == "https://example.org/ping"
    heart.stop(LIMIT_S)
    assert calls.empty()
    assert not heart.is_alive


def test_a_heartbeat_survives_an_outage() -> None:
    tries: queue.Queue[int] = queue.Queue()

    def down(_: str) -> None:
        tries.put(1)
        raise ConnectionError("down")

    heart = Heartbeat("https://example.org/ping", period_s=0.0, call=down)
    for _ in range(3):
        heart.beat()
        tries.get(timeout=LIMIT_S)
    assert heart.is_alive
    heart.stop(LIMIT_S)
