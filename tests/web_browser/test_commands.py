"""A command is asked back, needs the token once, and changes the daemon; a refusal is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect


def _give_token(page: Any, token: str) -> None:
    page.get_by_label("Token", exact=True).fill(token)
    page.get_by_role("button", name="Use token").click()


def _state(page: Any, word: str) -> None:
    expect(page.locator(".state-badge")).to_have_text(word)


def test_pause_and_resume_change_the_daemon(window: Any, daemon: Any) -> None:
    page = window.open("/")
    page.locator("[data-command=pause]").click()
    dialog = page.get_by_role("dialog", name="Pause new entries?")
    expect(dialog).to_contain_text("Open positions stay")
    dialog.get_by_role("button", name="Pause entries").click()
    _give_token(page, daemon.token)
    _state(page, "Paused")
    assert daemon.data("status")["manual_pause"] is True
    page.locator("[data-command=resume]").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume entries").click()
    _state(page, "Running")
    assert daemon.data("status")["manual_pause"] is False
    assert page.evaluate("sessionStorage.getItem('whalebot.token')") == daemon.token
    assert page.evaluate("JSON.stringify(localStorage)").find(daemon.token) == -1
    assert window.complaints == []


def test_panic_needs_its_word(window: Any, daemon: Any) -> None:
    page = window.open("/positions")
    page.locator("[data-command=panic]").click()
    dialog = page.get_by_role("dialog")
    accept = dialog.get_by_role("button", name="Close everything")
    expect(accept).to_be_disabled()
    dialog.get_by_label("Type PANIC to go on").fill("panic")
    expect(accept).to_be_disabled()
    dialog.get_by_label("Type PANIC to go on").fill("PANIC")
    accept.click()
    _give_token(page, daemon.token)
    _state(page, "Paused")
    expect(page.get_by_text("Nothing is held")).to_be_visible()
    assert daemon.data("positions") == []
    commands = daemon.data("audit?limit=100&kind=command")["items"]
    assert {"actor": "web", "order": "panic"} in [
        {"actor": item["actor"], "order": item["fields"]["order"]} for item in commands
    ]
    page.locator("[data-command=resume]").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume entries").click()
    _state(page, "Running")


def test_a_dialog_that_is_left_sends_nothing(window: Any) -> None:
    page = window.open("/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.locator("[data-command=flatten]").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator("[data-command=flatten]").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert sent == []


def test_wrong_token_is_said(window: Any, daemon: Any) -> None:
    page = window.open("/")
    page.locator("[data-command=pause]").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause entries").click()
    _give_token(page, "not-the-token-of-this-server")
    expect(page.get_by_role("dialog")).to_contain_text("That token was refused")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator("#toasts")).to_contain_text("Pause was not carried out")
    assert daemon.data("status")["manual_pause"] is False
    assert page.evaluate("sessionStorage.getItem('whalebot.token')") is None


def test_settings_say_what_is_wrong_and_show_the_difference(window: Any, daemon: Any) -> None:
    page = window.open("/settings")
    page.get_by_label("Search settings").fill("cooldown_sec")
    field = page.locator("[data-path=cooldown_sec]")
    field.locator("input").fill("soon")
    expect(field.locator(".field-error")).to_contain_text("not a number")
    expect(page.get_by_role("button", name="Review changes")).to_be_disabled()
    field.locator("input").fill("61")
    expect(field.locator(".field-error")).to_have_count(0)
    page.get_by_role("button", name="Review changes").click()
    _give_token(page, daemon.token)
    dialog = page.get_by_role("dialog", name="Apply these changes?")
    expect(dialog.locator(".diff-row")).to_contain_text("61")
    dialog.get_by_role("button", name="Apply").click()
    expect(page.locator("#toasts")).to_contain_text("Applied")
    assert json.loads((daemon.folder / "config.json").read_text())["cooldown_sec"] == 61
    expect(page.locator("[data-path='web.token'] input")).to_have_count(0)


def test_settings_put_the_servers_refusal_at_the_field(window: Any, daemon: Any) -> None:
    page = window.open("/settings")
    before = (daemon.folder / "config.json").read_text()
    page.get_by_label("Search settings").fill("signal_score_threshold")
    field = page.locator("[data-path=signal_score_threshold]")
    field.locator("input").fill("24.9")
    page.get_by_role("button", name="Review changes").click()
    _give_token(page, daemon.token)
    expect(field.locator(".field-error")).to_be_visible()
    expect(field.locator("input")).to_have_attribute("aria-invalid", "true")
    assert (daemon.folder / "config.json").read_text() == before
