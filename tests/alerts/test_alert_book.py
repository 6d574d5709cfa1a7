"""Records, acknowledging, escalation, quiet hours, channels that do not wait for each other."""

from __future__ import annotations

import queue
import threading
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.adapters.alerts.book import AlertBook
from whalebot.adapters.alerts.daily import Daily
from whalebot.adapters.alerts.quiet import QuietHours, next_moment
from whalebot.adapters.alerts.system import AlertRules, AlertSystem
from whalebot.domain.alerts import AlertRecord
from whalebot.domain.enums import Level

LIMIT_S = 30
MINUTE_MS = 60_000
BERLIN = ZoneInfo("Europe/Berlin")


class HandClock:
    """Time that moves when the test says so."""

    def __init__(self, ms: int = 1_000_000) -> None:
        self.ms = ms

    def now_ms(self) -> int:
        return self.ms


class Desk:
    """A channel that keeps what it gets, once its gate is open."""

    def __init__(self, name: str = "desk", min_level: Level = Level.INFO, is_open: bool = True) -> None:
        self.name, self.min_level = name, min_level
        self.got: queue.Queue[tuple[Level, str, str]] = queue.Queue()
        self.gate = threading.Event()
        if is_open:
            self.gate.set()

    def deliver(self, level: Level, title: str, text: str) -> bool:
        self.gate.wait(LIMIT_S)
        self.got.put((level, title, text))
        return True

    def titles(self) -> list[str]:
        return [title for _, title, _ in self.got.queue]


def system(*desks: Desk, clock: HandClock, mask: Any = str, **rules: Any) -> AlertSystem:
    return AlertSystem(desks, clock, AlertRules(**rules), retry_s=(0.0, 0.0), mask=mask)


def ms(text: str, zone: Any = UTC) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


# --- records ------------------------------------------------------------


def test_an_alert_that_repeats_is_one_record_that_counts() -> None:
    clock = HandClock()
    alerts = system(clock=clock)
    alerts.send(Level.WARNING, "down", "a", "outage")
    clock.ms += 1_000
    alerts.send(Level.WARNING, "down", "a", "outage")
    alerts.send(Level.INFO, "down", "a", "outage")
    newest, first = alerts.records()
    assert (first.id, first.count, first.ts_ms, first.last_ms) == (1, 2, 1_000_000, 1_001_000)
    assert (newest.id, newest.level, newest.kind) == (2, Level.INFO, "outage")


def test_alerts_with_one_key_are_equal_whatever_they_say_and_the_newest_words_stay() -> None:
    clock, desk = HandClock(), Desk()
    alerts = system(desk, clock=clock, dedup_ms=MINUTE_MS)
    for price in (1, 2, 3):
        alerts.send(Level.INFO, "stop moved", f"to {price}", "stop_moved", ("stop_moved", "BTCUSDT"))
    clock.ms += MINUTE_MS
    alerts.send(Level.INFO, "stop moved", "to 4", "stop_moved", ("stop_moved", "BTCUSDT"))
    alerts.stop(LIMIT_S)
    assert [text for _, _, text in desk.got.queue] == ["to 1", "to 4"]
    assert [(record.text, record.count) for record in alerts.records()] == [("to 4", 1), ("to 3", 3)]


def test_secrets_are_masked_in_what_is_kept() -> None:
    alerts = system(clock=HandClock(), mask=lambda text: text.replace("hunter2", "***"))
    alerts.send(Level.WARNING, "key hunter2", "hunter2!")
    [record] = alerts.records()
    assert (record.title, record.text) == ("key ***", "***!")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 100)), max_size=80))
def test_the_book_is_bounded_and_its_ids_rise(steps: list[tuple[int, int]]) -> None:
    book, now = AlertBook(dedup_ms=50, kept=5), 0
    for word, gap in steps:
        now += gap
        book.note(Level.WARNING, "", str(word), "", now)
    ids = [record.id for record in book.records()]
    assert len(ids) <= 5
    assert ids == sorted(ids, reverse=True)


def test_a_message_that_the_rate_held_back_is_told_when_it_comes_again() -> None:
    clock, desk = HandClock(), Desk()
    alerts = system(desk, clock=clock, max_per_minute=1, dedup_ms=10 * MINUTE_MS)
    for title in ("first", "second"):
        alerts.send(Level.WARNING, title, "")
    clock.ms += MINUTE_MS
    alerts.send(Level.WARNING, "second", "")
    alerts.send(Level.WARNING, "first", "")
    alerts.stop(LIMIT_S)
    assert desk.titles() == ["first", "second"]


def test_who_listens_hears_of_every_change() -> None:
    heard: list[AlertRecord] = []
    alerts = system(clock=HandClock())
    alerts.on_change(heard.append)
    alerts.send(Level.CRITICAL, "kill", "")
    alerts.ack(1, "web")
    assert [(record.id, record.acknowledged_by) for record in heard] == [(1, ""), (1, "web")]


# --- acknowledging and escalation ------------------------------------------------------------


def test_a_critical_alert_nobody_acknowledged_is_told_once_more() -> None:
    clock, desk = HandClock(), Desk()
    alerts = system(desk, clock=clock, escalate_ms=30 * MINUTE_MS, hint=lambda number: f"/ack {number}")
    for level, title in ((Level.CRITICAL, "seen"), (Level.CRITICAL, "open"), (Level.WARNING, "mild")):
        alerts.send(level, title, "text")
    alerts.ack(1, "telegram 7/7")
    clock.ms += 30 * MINUTE_MS - 1
    alerts.look()
    clock.ms += 1
    for _ in range(3):
        alerts.look()
    alerts.stop(LIMIT_S)
    assert desk.titles() == ["seen", "open", "mild", "still open: open"]
    assert desk.got.queue[-1][2].endswith("text\n/ack 2")
    assert "30 min" in desk.got.queue[-1][2]


def test_an_acknowledgement_is_noted_once_with_who_and_when() -> None:
    clock = HandClock()
    alerts = system(clock=clock)
    alerts.send(Level.CRITICAL, "kill", "")
    clock.ms += 5
    first = alerts.ack(1, "web")
    clock.ms += 5
    again = alerts.ack(1, "telegram")
    assert first == again
    assert first is not None
    assert (first.acknowledged_ms, first.acknowledged_by) == (1_000_005, "web")
    assert alerts.ack(99, "web") is None


# --- quiet hours ------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "now", "quiet"),
    [
        ("22:00", "07:00", "2026-03-01T22:00", True),
        ("22:00", "07:00", "2026-03-01T06:59", True),
        ("22:00", "07:00", "2026-03-01T07:00", False),
        ("22:00", "07:00", "2026-03-01T21:59", False),
        ("01:00", "02:00", "2026-03-01T01:30", True),
        ("01:00", "02:00", "2026-03-01T02:00", False),
    ],
)
def test_quiet_hours_are_local_and_may_run_over_midnight(start: str, end: str, now: str, quiet: bool) -> None:
    hours = QuietHours(time.fromisoformat(start), time.fromisoformat(end), BERLIN)
    assert hours.covers(ms(now, BERLIN)) is quiet


def test_in_quiet_hours_only_what_can_wait_waits_and_it_is_kept() -> None:
    desk, clock = Desk(), HandClock(ms("2026-03-01T23:30", BERLIN))
    quiet = QuietHours(time(22), time(7), BERLIN)
    alerts = system(desk, clock=clock, quiet=quiet)
    for level in (Level.INFO, Level.WARNING, Level.CRITICAL):
        alerts.send(level, level.value, "")
    alerts.broadcast("the day", "as ordered")
    alerts.stop(LIMIT_S)
    assert desk.titles() == ["warning", "critical", "the day"]
    assert alerts.counts.quiet == 1
    assert len(alerts.records()) == 4


# --- channels ------------------------------------------------------------


def test_a_channel_that_hangs_holds_up_no_other() -> None:
    stuck, well = Desk("stuck", is_open=False), Desk("well")
    alerts = system(stuck, well, clock=HandClock())
    alerts.send(Level.CRITICAL, "kill", "now")
    assert well.got.get(timeout=LIMIT_S)[1] == "kill"
    assert stuck.got.empty()
    stuck.gate.set()
    assert alerts.stop(LIMIT_S)
    assert stuck.titles() == ["kill"]


def test_a_chatty_level_uses_up_the_rate_of_the_channels_that_hear_it_alone() -> None:
    chatty, calm = Desk("chatty"), Desk("calm", Level.WARNING)
    alerts = system(chatty, calm, clock=HandClock(), max_per_minute=2)
    for number in range(5):
        alerts.send(Level.INFO, f"i{number}", "")
    alerts.send(Level.WARNING, "w", "")
    alerts.stop(LIMIT_S)
    assert chatty.titles() == ["i0", "i1"]
    assert calm.titles() == ["w"]


def test_what_the_owner_asked_for_reaches_every_channel() -> None:
    desk = Desk(min_level=Level.CRITICAL)
    alerts = system(desk, clock=HandClock())
    alerts.broadcast("the day", "x", "daily_summary")
    alerts.stop(LIMIT_S)
    assert desk.titles() == ["the day"]


# --- once a day ------------------------------------------------------------


@given(
    st.integers(1_735_689_600_000, 1_798_761_600_000),
    st.times(),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Chicago", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_the_next_moment_is_later_within_25_hours_and_reads_as_the_time(
    now_ms: int, at: time, name: str
) -> None:
    zone, at = ZoneInfo(name), at.replace(second=0, microsecond=0)
    found_ms = next_moment(now_ms, at, zone)
    assert now_ms < found_ms <= now_ms + 25 * 60 * MINUTE_MS
    local = datetime.fromtimestamp(found_ms / 1000, zone)
    skipped = datetime.combine(local.date(), at, zone).astimezone(UTC).astimezone(zone).time() != at
    assert skipped or local.time() == at


def test_a_time_the_clocks_skip_comes_that_day_all_the_same_and_once() -> None:
    before = ms("2026-03-28T12:00", BERLIN)
    first = next_moment(before, time(2, 30), BERLIN)
    assert datetime.fromtimestamp(first / 1000, BERLIN).strftime("%d %H:%M") == "29 03:30"
    second = next_moment(first, time(2, 30), BERLIN)
    assert datetime.fromtimestamp(second / 1000, BERLIN).strftime("%d %H:%M") == "30 02:30"


def test_a_time_that_comes_twice_is_told_once() -> None:
    first = next_moment(ms("2026-10-24T12:00", BERLIN), time(2, 30), BERLIN)
    second = next_moment(first, time(2, 30), BERLIN)
    assert second - first == round(timedelta(hours=25).total_seconds() * 1000)


def test_the_day_is_told_once_when_its_time_has_come_and_survives_a_failure() -> None:
    clock, told = HandClock(ms("2026-03-01T11:59")), threading.Semaphore(0)

    def tell() -> None:
        told.release()
        raise OSError("history unreadable")

    daily = Daily(time(12), UTC, clock, tell, look_s=0.001)
    assert not told.acquire(timeout=0.05)
    for _ in range(2):
        clock.ms += 24 * 60 * MINUTE_MS
        assert told.acquire(timeout=LIMIT_S)
        assert not told.acquire(timeout=0.05)
    assert daily.is_alive
    daily.stop(LIMIT_S)
    assert not daily.is_alive
