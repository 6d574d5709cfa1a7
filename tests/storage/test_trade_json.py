"""The JSON of one trade: names, forms and both directions."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from sample_trades import any_trade, trade

from whalebot.adapters.storage.trade_json import decode_trade, encode_trade, encode_trades, split_array
from whalebot.domain.trade import ClosedTrade


@given(any_trade)
def test_what_is_written_reads_back_equal(one: ClosedTrade) -> None:
    assert decode_trade(encode_trade(one)) == one


def test_the_names_and_forms_people_rely_on() -> None:
    shown = json.loads(encode_trade(replace(trade(1), pnl=D("1E-9"), qty=D("1E+2"))))
    assert list(shown) == [
        *("trade_id", "mode", "symbol", "side", "entry_time", "exit_time", "entry_price", "exit_price"),
        *("qty", "gross_pnl", "fees", "funding", "pnl", "pnl_percent", "r_multiple", "mae", "mfe"),
        *("bars_held", "closed_by", "entry_score", "breakdown", "initial_stop", "order_link_ids"),
        *("config_hash", "reconciled"),
    ]
    assert shown["side"] == "Buy"
    assert shown["entry_time"] == "2026-01-01T00:15:00.000+00:00"
    assert shown["exit_time"] == "2026-01-01T00:25:00.123+00:00"
    assert shown["pnl"] == "0.000000001"
    assert shown["qty"] == "100"
    assert shown["breakdown"] == {"ema_alignment": 0.22, "vwap": -0.11}
    assert shown["closed_by"] == "trailing_stop"
    assert shown["r_multiple"] == "1.25"


def test_every_field_of_a_trade_is_written() -> None:
    assert len(json.loads(encode_trade(trade(1)))) == len(fields(ClosedTrade))


def test_a_record_without_our_additions_is_read() -> None:
    shown = json.loads(encode_trade(trade(3)))
    for name in ("trade_id", "reconciled", "mae", "mfe", "r_multiple", "bars_held", "breakdown"):
        del shown[name]
    shown["note"] = {"from": "an earlier version"}
    back = decode_trade(json.dumps(shown).encode())
    assert back.trade_id == "BTCUSDT-at-1767228300000"
    assert (back.pnl, back.breakdown, back.reconciled) == (trade(3).pnl, (), False)


def test_numbers_of_other_tools_and_other_time_zones_are_read_exactly() -> None:
    shown = json.loads(encode_trade(trade(3)))
    shown["entry_time"] = "2026-01-01T01:45:00+01:00"
    text = json.dumps(shown).replace('"pnl": "1.5"', '"pnl": 0.1000000000000000055511151231')
    back = decode_trade(text.encode())
    assert back.entry_ms == trade(3).entry_ms
    assert back.pnl == D("0.1000000000000000055511151231")


def test_a_contribution_that_was_no_number_comes_back_as_none() -> None:
    back = decode_trade(encode_trade(replace(trade(1), breakdown=(("vwap", math.nan),))))
    assert math.isnan(back.breakdown[0][1])


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("pnl", "NaN", "pnl NaN is not a finite number"),
        ("mae", "Infinity", "mae Infinity is not a finite number"),
        ("pnl", None, "pnl"),
        ("side", "Long", "side"),
        ("closed_by", "magic", "closed_by"),
        ("entry_time", "2026-01-01T00:00:00", "entry_time"),
    ],
)
def test_what_is_no_trade_is_refused_by_the_name_of_the_field(name: str, value: object, told: str) -> None:
    shown = json.loads(encode_trade(trade(1)))
    shown[name] = value
    with pytest.raises(ValueError, match=told):
        decode_trade(json.dumps(shown).encode())


def test_a_whole_file_is_an_array_with_a_line_for_each_trade() -> None:
    trades = [trade(n) for n in range(3)]
    data = encode_trades(trades)
    assert [decode_trade(raw) for raw in split_array(data)] == trades
    assert len(json.loads(data)) == 3
    assert data.count(b"\n") == 5  # bracket, three trades, bracket
    assert encode_trades([]) == b"[]\n"
