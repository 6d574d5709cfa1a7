"""Which faults struck, and how long a daemon needed to agree, read from logs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from whalebot.research.chaos.recovery import agreed_in_time, broken_spans, longest_wait_ms, waits
from whalebot.research.chaos.spans import Span
from whalebot.research.chaos.struck import faults_set, faults_struck

NOW = 1_000_000


def fault(do: str, **params: Any) -> dict[str, Any]:
    return {"kind": "fault", "real_ms": NOW, "do": do, "params": {"do": do, **params}}


def strike(do: str, target: str) -> dict[str, Any]:
    return {"kind": "strike", "real_ms": NOW, "do": do, "target": target}


def test_a_fault_that_hit_nothing_is_set_and_did_not_strike() -> None:
    lines = [fault("timeout_after", path="order/create"), strike("silence", "/v5/position/list")]
    assert faults_set(lines) == {"timeout_after": 1}
    assert faults_struck(lines).total() == 0


def test_an_error_after_an_order_was_carried_out_is_named_apart() -> None:
    lines = [
        fault("rest_error_after", path="order/create"),
        fault("rest_error", path="market/kline"),
        strike("error", "/v5/order/create"),
    ]
    assert faults_set(lines) == {"rest_error_after": 1, "rest_error": 1}
    assert faults_struck(lines) == {"rest_error_after": 1}


def test_many_strikes_of_one_fault_are_one_fault() -> None:
    lines = [fault("rest_error", path="", count=3), *[strike("error", "/v5/order/create")] * 3]
    assert faults_struck(lines) == {"rest_error": 1}


def test_a_fault_that_is_used_up_leaves_the_next_strike_to_the_next() -> None:
    lines = [
        fault("lose_private", topic="order"),
        fault("lose_private"),
        strike("lose", "order"),
        strike("lose", "order"),
    ]
    assert faults_struck(lines) == {"lose_private": 2}


def test_a_fault_whose_strikes_are_not_logged_counts_as_set_and_a_refused_one_not_at_all() -> None:
    refused = {"kind": "fault", "real_ms": NOW, "do": "close_position", "error": "no position"}
    lines = [fault("drop_streams"), fault("close_position"), refused]
    assert faults_set(lines) == faults_struck(lines) == {"drop_streams": 1}


def events(folder: Path, *told: tuple[int, str, str]) -> Path:
    path = folder / "logs" / "events.jsonl"
    path.parent.mkdir()
    rows = (
        {"ts": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(), "kind": kind, "text": text}
        for at_ms, kind, text in told
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_a_wait_begins_with_a_start_or_a_lost_private_stream(tmp_path: Path) -> None:
    folder = events(
        tmp_path,
        (2_000, "reconciled", ""),
        (3_000, "stream_down", "public: gone"),
        (5_000, "stream_down", "private: gone"),
        (9_000, "reconciled", ""),
    )
    assert list(waits(folder, [1_000], [20_000])) == [Span(1_000, 2_000, "start"), Span(5_000, 9_000, "lost")]


def test_a_daemon_that_died_before_it_agreed_has_waited_too(tmp_path: Path) -> None:
    assert list(waits(tmp_path, [1_000, 90_000], [80_000])) == [Span(1_000, 80_000, "start")]


def test_only_time_in_which_nothing_was_broken_counts() -> None:
    broken = broken_spans([fault("maintenance", **{"for": "PT30S"})], [Span(NOW - 5_000, NOW, "frozen")])
    span = Span(NOW - 5_000, NOW + 100_000)
    assert longest_wait_ms([span], broken) == 68_500
    assert len(list(agreed_in_time(68_500))) == 1
    assert list(agreed_in_time(60_000)) == []
