"""What threads report: bugs are logged, refusals of the venue told at a measured pace and remembered once."""

from __future__ import annotations

import logging

import pytest

from whalebot.app.troubles import Troubles
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level
from whalebot.domain.errors import AuthError, VenueFatal
from whalebot.runtime.clock import ManualClock


class Owner:
    """Remembers what was told."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.alerts: list[tuple[Level, str, str]] = []

    def alert(self, level: Level, title: str, text: str) -> None:
        self.alerts.append((level, title, text))


def raised(error: AuthError | ValueError) -> Exception:
    """An exception as a thread has caught it."""
    try:
        raise error
    except (AuthError, ValueError) as caught:
        return caught


def test_a_refused_key_is_told_once_in_ten_minutes_and_kept_without_its_frames() -> None:
    owner, clock = Owner(), ManualClock(1_000)
    troubles = Troubles(clock, owner.notices.append, owner.alert)
    for call in range(200):
        troubles.hear("reads-1", raised(AuthError(f"GET /v5/{call}: key expired")))
    assert [notice.kind for notice in owner.notices] == ["fatal"]
    assert owner.alerts == [(Level.CRITICAL, "the venue refuses the key", "GET /v5/0: key expired")]
    assert str(troubles.fatal) == "GET /v5/199: key expired"
    assert troubles.fatal is not None
    assert troubles.fatal.__traceback__ is None
    clock.advance(600_000)
    troubles.hear("reads-1", VenueFatal("account closed"))
    assert owner.alerts[1:] == [(Level.CRITICAL, "the venue will not serve this account", "account closed")]


def test_a_refusal_that_did_not_come_again_decides_no_exit_code() -> None:
    owner, clock = Owner(), ManualClock(1_000)
    troubles = Troubles(clock, owner.notices.append, owner.alert)
    troubles.hear("reads-1", raised(AuthError("GET /v5/1: key expired")))
    clock.advance(240_000)
    assert isinstance(troubles.fatal, AuthError)
    clock.advance(120_000)
    assert troubles.fatal is None


def test_a_bug_goes_to_the_log_and_decides_no_exit_code(caplog: pytest.LogCaptureFixture) -> None:
    owner = Owner()
    troubles = Troubles(ManualClock(), owner.notices.append, owner.alert)
    with caplog.at_level(logging.ERROR, "whalebot"):
        troubles.hear("storage-1", raised(ValueError("odd")))
    assert "thread storage-1: unexpected error" in caplog.text
    assert "odd" in caplog.text
    assert troubles.fatal is None
    assert not owner.notices
    assert not owner.alerts
