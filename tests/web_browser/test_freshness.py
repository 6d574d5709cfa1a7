"""Old data is never shown as fresh, and what others wrote is text and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
TIME = "2025-01-01T00:00:00.000Z"


def _between(page: Any, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
    """Stand between the stream and the page: `change` returns what goes on, None for nothing."""

    def handle(route: Any) -> None:
        server = route.connect_to_server()

        def pass_on(text: str) -> None:
            message = change(json.loads(text))
            if message is not None:
                route.send(json.dumps(message))

        server.on_message(pass_on)

    page.route_web_socket(re.compile("/api/v1/stream"), handle)


def _with(topic: str, items: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def change(message: dict[str, Any]) -> dict[str, Any]:
        if message.get("topic") == topic:
            if message["type"] == "snapshot":
                message["data"] = {**message["data"], **items}
            elif message["type"] == "delta":
                told = message.get("set", {})
                told.update({name: items[name] for name in told.keys() & items.keys()})
        return message

    return change


def _alert(number: str, level: str, text: str) -> dict[str, Any]:
    return {
        "id": number,
        "time": TIME,
        "level": level,
        "kind": "test",
        "title": f"{level} {text}",
        "text": text,
        "count": 1,
        "acknowledged": False,
        "acknowledged_at": None,
    }


def test_markup_in_a_notice_is_inert(window: Any) -> None:
    hostile = {
        "id": "999999999",
        "time": TIME,
        "level": "warning",
        "kind": HOSTILE,
        "symbol": HOSTILE,
        "text": HOSTILE,
        "fields": {},
    }
    _between(window.page, _with("decisions", {"999999999": hostile}))
    page = window.open("/")
    expect(page.locator(".telling").first).to_contain_text("<img src=x onerror=")
    assert page.locator("main img, main script").count() == 0
    assert page.title() == "Dashboard · Whalebot"
    assert window.complaints == []


def test_a_critical_alert_stays_until_it_is_acknowledged(window: Any) -> None:
    _between(window.page, _with("alerts", {"999999999": _alert("999999999", "critical", HOSTILE)}))
    window.page.clock.install()
    page = window.open("/positions")
    toast = page.locator("#toasts .toast.critical[data-id=alert-999999999]")
    expect(toast).to_contain_text("<script>")
    page.clock.fast_forward(12_000)
    expect(toast).to_be_visible()
    expect(toast.get_by_role("button", name="Acknowledge")).to_be_visible()
    expect(page.locator(".nav-count.warn")).to_be_visible()


def test_a_passing_message_leaves_after_five_seconds(window: Any) -> None:
    window.page.clock.install()
    page = window.open("/positions")
    page.evaluate(
        "import('/js/ui/toasts.js')"
        ".then(toasts => toasts.showToast({id: 'alert-7', level: 'warning', title: 'Passing'}))"
    )
    toast = page.locator("#toasts .toast[data-id=alert-7]")
    expect(toast).to_be_visible()
    page.clock.fast_forward(4_000)
    expect(toast).to_be_visible()
    page.clock.fast_forward(1_500)
    expect(toast).to_have_count(0)


def test_real_money_is_said_before_a_command(window: Any) -> None:
    _between(window.page, _with("status", {"mode": "live", "simulated_prices": False}))
    page = window.open("/")
    badge = page.locator(".mode-badge")
    expect(badge).to_have_text("LIVE")
    expect(badge).to_have_class(re.compile("live-money"))
    page.locator("[data-command=flatten]").click()
    expect(page.get_by_role("dialog")).to_contain_text("This acts on real money.")


@pytest.mark.parametrize(
    ("topic", "items", "banner", "words"),
    [
        ("status", {"state": "stalled"}, "stalled", "does not move"),
        ("status", {"config_refused": True}, "config", "was refused at the last reload"),
        ("status", {"streams": [{"name": "public", "up": False, "detail": ""}]}, "market", "stream is down"),
    ],
)
def test_what_is_wrong_has_its_banner(
    window: Any, topic: str, items: dict[str, Any], banner: str, words: str
) -> None:
    _between(window.page, _with(topic, items))
    page = window.open("/positions")
    expect(page.locator(f"[data-banner={banner}]")).to_contain_text(words)


def test_a_silent_stream_is_called_old(window: Any) -> None:
    silent = []

    def change(message: dict[str, Any]) -> dict[str, Any] | None:
        return None if silent else message

    _between(window.page, change)
    window.page.clock.install()
    page = window.open("/")
    expect(page.locator("[data-banner=lost]")).to_have_count(0)
    silent.append(True)
    page.clock.fast_forward(25_000)
    banner = page.locator("[data-banner=lost]")
    expect(banner).to_contain_text(re.compile(r"No connection to Whalebot for .* s"))
    expect(page.locator(".glance")).to_contain_text("Not known")
    expect(page.locator("body")).to_have_class(re.compile("is-stale"))


def test_a_gap_in_the_stream_asks_for_a_new_snapshot(window: Any) -> None:
    snapshots: list[int] = []

    def change(message: dict[str, Any]) -> dict[str, Any] | None:
        if message.get("topic") != "system":
            return message
        if message["type"] == "delta":
            is_first = len(snapshots) == 1 and message["seq"] == snapshots[0] + 1
            return None if is_first else message
        snapshots.append(message["seq"])
        if len(snapshots) > 1:
            message["data"]["queues"] = [{"name": "asked again", "depth": 0, "high_water": 0, "dropped": 0}]
        return message

    _between(window.page, change)
    page = window.open("/health")
    expect(page.get_by_role("table", name="Queues")).to_contain_text("asked again")
    assert window.complaints == []


def test_a_server_that_is_gone_is_said_and_comes_back(window: Any, daemon: Any) -> None:
    page = window.open("/")
    daemon.stop()
    try:
        banner = page.locator("[data-banner=lost]")
        expect(banner).to_contain_text("What you see is from")
        expect(page.locator(".state-badge")).to_contain_text("?")
    finally:
        daemon.start()
    expect(page.locator("[data-banner=lost]")).to_have_count(0)
    expect(page.locator(".state-badge")).to_have_text(re.compile("Running|Starting"))
