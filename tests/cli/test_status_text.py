"""`status` in words: width, many symbols, the daemon's own figures."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from sample_views import some_view

from whalebot.adapters.control.view_json import view_to_json
from whalebot.app.status_text import service_line, status_lines
from whalebot.app.vitals_text import daemon_lines

NOON = 1_735_732_800_000
SYMBOL: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "last_price": "42825.5",
    "ticker_age_ms": 200,
    "book_stale": False,
    "position": None,
    "in_flight": [],
    "unknown_orders": [],
    "analysis": {
        "interval": "15",
        "close_ms": NOON,
        "score": 1.25,
        "signal": "HOLD",
        "threshold": 2.0,
        "breakdown": {"vwap": 0.5, "macd_alignment": 0.75, "psar": None},
        "warming": ["obv_momentum"],
        "trends": [
            {"interval": "240", "indicator": "ehlers_supertrend", "trend": "UP"},
            {"interval": "240", "indicator": "ema", "trend": "UNKNOWN"},
        ],
    },
}
VIEW: dict[str, Any] = {
    "now_ms": NOON,
    "real_ms": NOON,
    "tradable": True,
    "blocked_by": [],
    "manual_pause": False,
    "paused_until_ms": None,
    "reconciled_ms": None,
    "clock_offset_ms": None,
    "equity": "1234567.891",
    "wallet_balance": "1000",
    "day_pnl": "0",
    "drawdown": 0.0,
    "consecutive_losses": 0,
    "trades_closed": 1,
    "session_pnl": "0",
    "entries": 0,
    "refusals": dict.fromkeys(("spread", "cooldown", "max_positions", "price_band_pct", "min_notional"), 7),
    "streams": [{"name": "public", "up": True, "detail": ""}],
    "symbols": [SYMBOL],
}
VITALS: dict[str, Any] = {
    "running": "whalebot 1, mode demo",
    "uptime_s": 7200,
    "loop": {"events": 1234, "p50_us": 64, "p99_us": 4100.0, "max_us": 2_500_000, "slowest": "Bar"},
    "inbox": {"depth": 1, "high_water": 9, "coalesced": 5, "dropped": 49, "overflows": 0},
    "jobs_waiting": 2,
    "log_records_lost": 0,
    "audit": {"seq": 3, "failing": ""},
}


def many(count: int) -> dict[str, Any]:
    """Return a view of many symbols, the third with an order on its way."""
    view = copy.deepcopy(VIEW)
    view["symbols"] = [{**copy.deepcopy(SYMBOL), "symbol": f"S{n}USDT"} for n in range(count)]
    view["symbols"][2]["in_flight"] = ["wb-" + "1" * 30]
    return view


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("count", [3, 50])
def test_no_line_is_wider_than_the_terminal(width: int, count: int) -> None:
    lines = list(status_lines({"health": VITALS, "view": many(count)}, width=width))
    assert max(map(len, lines)) <= width
    assert any(line.startswith(" " * 14) for line in lines), "what is wrapped stands below its text"


def test_of_many_symbols_the_quiet_ones_get_a_line_each() -> None:
    lines = list(status_lines({"health": {}, "view": many(50)}))
    assert "Without a position: 49" in lines
    assert sum("score +1.25 HOLD" in line and line.startswith("  S") for line in lines) == 49
    assert [line for line in lines if "on its way" in line] == ["  on its way  order wb-" + "1" * 30]


@pytest.mark.parametrize("tradable", [True, False])
def test_a_guardrails_pause_is_never_called_trading(tradable: bool) -> None:
    paused = {**VIEW, "tradable": tradable, "blocked_by": ["no prices"], "paused_until_ms": NOON + 60_000}
    lines = list(status_lines({"view": paused}))
    assert "no entries: paused by a guardrail until 2025-01-01 12:01:00 UTC" in lines
    assert ("no entries: no prices" in lines) is not tradable
    assert not any("trading" in line for line in lines)


_LATER = "paused by a guardrail until 2025-01-01 12:01:00 UTC"
_OWNER = "paused by its owner, until: whalebot resume"


@pytest.mark.parametrize(
    ("changes", "line", "reasons"),
    [
        ({}, "trading", []),
        ({"blocked_by": ("no prices",)}, "trading", []),
        ({"paused_until_ms": NOON + 60_000}, "no entries: paused by a guardrail", [_LATER]),
        ({"tradable": False, "manual_pause": True}, "no entries: paused by its owner", [_OWNER]),
        ({"tradable": False}, "no entries: not ready", ["not ready"]),
        (
            {
                **{"tradable": False, "blocked_by": ("public stream is down", "no prices")},
                **{"manual_pause": True, "paused_until_ms": NOON + 60_000},
            },
            "no entries: public stream is down; no prices; paused by its owner; paused by a guardrail",
            ["public stream is down; no prices", _OWNER, _LATER],
        ),
    ],
)
def test_one_line_and_status_give_the_same_reasons(
    changes: dict[str, Any], line: str, reasons: list[str]
) -> None:
    view = some_view(now_ms=NOON, **changes)
    assert service_line(view).startswith(f"{line}; no position")
    told = list(status_lines({"view": view_to_json(view)}))
    wanted = [f"no entries: {reason}" for reason in reasons] or ["trading: entries are allowed"]
    assert told[: len(wanted) + 1] == [*wanted, "market time 2025-01-01 12:00:00 UTC"]


def test_a_stop_is_none_only_where_the_venue_said_so() -> None:
    bare = copy.deepcopy(VIEW)
    bare["symbols"][0]["position"] = POSITION | {"stop_loss": None}
    assert "  stop        not known yet" in list(status_lines({"view": bare}))
    bare["reconciled_ms"] = NOON
    assert "  stop        NONE" in list(status_lines({"view": bare}))


def test_figures_have_units_and_words() -> None:
    text = "\n".join(status_lines({"health": VITALS, "view": VIEW}))
    for part in (
        *("1,234,567.89 USDT; wallet 1,000.00 USDT", "0.00 USDT; 0.00% below the highest equity"),
        *("1 trade closed, 0.00 USDT; 0 entries sent; 0 losses in a row", "MACD +0.75, VWAP +0.50"),
        *("4h: ehlers supertrend up, ema unknown", "1 of the groups wait for more bars"),
        *("1,234 events; half took 64 µs or less, 99 % 4.1 ms", "2.5 s (Bar)", "running     for 2.0h"),
        *("1 event (at most 9), 2 requests", "audit       seq 3"),
    ):
        assert part in text, part
    assert "49" not in text, "events that became void are no loss"


def test_what_was_lost_is_told() -> None:
    text = "\n".join(
        daemon_lines({**VITALS, "log_records_lost": 4, "inbox": {**VITALS["inbox"], "overflows": 2}})
    )
    assert "4 records written nowhere" in text
    assert "read anew 2 times" in text
    assert list(daemon_lines({})) == []
    assert "no event yet" in "\n".join(daemon_lines({"loop": {"events": 0}}))


POSITION: dict[str, Any] = {
    "side": "Buy",
    "qty": "2",
    "entry_price": "100",
    "stop_loss": "90",
    "take_profit": None,
    "initial_stop": "90",
    "unrealised_pnl": "10",
    "fees": "0.11",
    "funding": "0",
    "opened_ms": NOON,
    "entry_score": None,
    "foreign": False,
    "stop_moved": False,
}


@pytest.mark.parametrize(
    ("price", "funding", "expected"),
    [
        ("105", "0", "+10.00 USDT (+0.50 R) by price alone; besides, fees so far 0.11 USDT, and the cost"),
        ("105", "0.25", "besides, fees so far 0.11 USDT, funding paid 0.25 USDT, and the cost of leaving"),
        ("105", "-0.25", "besides, fees so far 0.11 USDT, funding received 0.25 USDT, and the cost"),
        (None, "0", "result      not known without a price; besides, fees so far 0.11 USDT"),
    ],
)
def test_an_open_result_says_what_is_not_in_it(price: str | None, funding: str, expected: str) -> None:
    view = copy.deepcopy(VIEW)
    view["symbols"][0] |= {"last_price": price, "position": POSITION | {"funding": funding}}
    [line] = [line for line in status_lines({"view": view}, width=200) if line.startswith("  result")]
    assert expected in line
