"""When a daemon is excused for a position without a stop, and when it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from whalebot.research.chaos.ledger import Ledger, Position, read_lines
from whalebot.research.chaos.reach import excused_spans, ready_moments
from whalebot.research.chaos.spans import Span, length_outside

NOW = 1_000_000


def fault(do: str, at_ms: int = NOW, **params: Any) -> dict[str, Any]:
    return {"kind": "fault", "real_ms": at_ms, "do": do, "params": {"do": do, **params}}


def strike(do: str, target: str) -> dict[str, Any]:
    return {"kind": "strike", "real_ms": NOW, "do": do, "target": target}


def excused_ms(*lines: dict[str, Any], ready_ms: tuple[int, ...] = ()) -> int:
    """How long after NOW the first uninterrupted excuse lasts."""
    ledger = Ledger(faults=list(lines))
    spans = excused_spans(ledger, (), ready_ms)
    horizon = Span(NOW, NOW + 200_000)
    return 200_000 - length_outside(horizon, spans)


@pytest.mark.parametrize(
    ("line", "ms"),
    [
        (strike("lose", "execution"), 63_000),
        (strike("lose", "wallet"), 0),
        (strike("delay", "position"), 1_500),
        (strike("duplicate", "execution"), 0),
        (strike("silence", "/v5/market/kline"), 0),
        (strike("error", "/v5/account/wallet-balance"), 0),
        (strike("silence", "/v5/order/create"), 12_000),
        (strike("error", "/v5/order/create"), 1_500),
        (fault("freeze_streams", **{"for": "PT2S"}), 65_000),
        (fault("freeze_streams", channel="public", **{"for": "PT2S"}), 0),
        (fault("rest_error", path="order/create", **{"for": "PT2S"}), 5_000),
        (fault("rest_error", path="market/kline", **{"for": "PT2S"}), 0),
        (fault("maintenance", **{"for": "PT2S"}), 37_000),
        (fault("rest_error", **{"for": "PT2S"}), 5_000),
        (fault("close_position", symbol="BTCUSDT"), 0),
        (fault("skip_book_update", count=3), 0),
    ],
)
def test_a_fault_excuses_for_as_long_as_it_can_be_felt(line: dict[str, Any], ms: int) -> None:
    assert excused_ms(line) == ms


def test_a_broken_stream_excuses_until_the_daemon_agrees_with_the_venue_again() -> None:
    line = fault("drop_streams", **{"for": "PT2S"})
    assert excused_ms(line, ready_ms=(NOW + 1_000, NOW + 4_000)) == 4_000


def test_thin_books_excuse_until_they_are_deep_again_and_no_longer() -> None:
    thin = fault("partial_fills", symbol="BTCUSDT", share="0.3")
    deep = fault("partial_fills", NOW + 700, symbol="BTCUSDT", share="1")
    assert excused_ms(thin, deep) == 2_200
    assert excused_ms(deep) == 0


def test_a_fault_that_could_not_strike_excuses_nothing() -> None:
    line = {"kind": "fault", "real_ms": NOW, "do": "rest_error", "error": "no such path"}
    assert excused_ms(line) == 0


def test_the_daemon_says_itself_when_it_agrees_with_the_venue(tmp_path: Path) -> None:
    assert ready_moments(tmp_path) == ()
    events = [
        {"ts": "1970-01-01T00:00:01.500+00:00", "kind": "reconciled"},
        {"ts": "1970-01-01T00:00:02.000+00:00", "kind": "entry"},
    ]
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/events.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    assert ready_moments(tmp_path) == (1_500,)


def test_a_line_that_a_kill_tore_in_the_daemons_log_is_passed_over(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "events.jsonl"
    log.parent.mkdir()
    ready = '{"ts": "2026-01-01T00:00:01.500+00:00", "kind": "reconciled"}\n'
    log.write_text(f'{{"ts": "2026-01-01T00:00:01.0\n{ready}{{"ts": ', encoding="utf-8")
    assert ready_moments(tmp_path) == (1_767_225_601_500,)


def test_a_torn_line_of_a_log_that_nobody_cut_is_an_error(tmp_path: Path) -> None:
    log = tmp_path / "exchange.jsonl"
    log.write_text('{"kind": "or\n{"kind": "order"}\n', encoding="utf-8")
    with pytest.raises(json.JSONDecodeError):
        list(read_lines(log))


def test_a_late_message_excuses_for_as_long_as_it_may_be_late() -> None:
    late = fault("delay_private", NOW - 5, count=3, delay="PT1.25S")
    assert excused_ms(late, strike("delay", "order")) == 2_750


def test_what_was_lost_and_what_was_frozen_excuse_until_there_is_news() -> None:
    ledger = Ledger(faults=[strike("lose", "order"), fault("freeze_streams", **{"for": "PT2S"})])
    assert [span.news_ms for span in excused_spans(ledger, (), ())] == [NOW, NOW + 2_000]


def refusal(at_ms: int, command: str = "SetTradingStop", symbol: str = "BTCUSDT") -> dict[str, Any]:
    return {"real_ms": at_ms, "command": command, "symbol": symbol, "ret_code": 10016}


def test_two_refused_repairs_excuse_a_position_without_a_stop_and_no_other() -> None:
    position = Position("BTCUSDT", "Buy", 0, "wb1", bare=[Span(NOW, NOW + 60_000)])
    refused = [
        refusal(NOW - 1),
        refusal(NOW + 1, symbol="ETHUSDT"),
        refusal(NOW + 2, "SetLeverage"),
        *(refusal(NOW + 1_000 * number, "CreateOrder") for number in range(1, 60)),
    ]
    spans = excused_spans(Ledger(positions=[position], refused=refused), (), ())
    assert spans == tuple(Span(at, at + 1_500, "refused", "BTCUSDT") for at in (NOW + 1_000, NOW + 2_000))
    assert excused_spans(Ledger(refused=refused), (), ()) == ()


def test_only_an_absent_daemon_or_exchange_moves_the_ceiling() -> None:
    lines = [fault("maintenance", **{"for": "PT1S"}), fault("rest_error", **{"for": "PT1S"})]
    spans = excused_spans(Ledger(faults=lines), [Span(1, 2, "dead")], ())
    assert [(span.why, span.is_gone) for span in spans] == [
        ("dead", True),
        ("maintenance", True),
        ("rest_error", False),
    ]
