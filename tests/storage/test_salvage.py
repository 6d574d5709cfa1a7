"""Salvage of a damaged history: every whole record is found, and garbage costs one pass."""

from __future__ import annotations

import json
import sys
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_trades import trade

from whalebot.adapters.storage import salvage
from whalebot.adapters.storage.salvage import scan_history
from whalebot.adapters.storage.trade_json import encode_trade

RECORDS = [encode_trade(trade(number)) for number in range(4)]
_noise = st.text('{}[]",:\\ a1\n\0', max_size=12).map(str.encode)
_piece = st.builds(lambda record, at: record[at:], st.sampled_from(RECORDS), st.integers(1, 300))
_garbage = st.one_of(
    _noise, st.binary(max_size=12), _piece, st.sampled_from([b'{"', b'"', b'\\"', b'{"a":{'])
)


@given(st.lists(st.tuples(_garbage, st.sampled_from(RECORDS)), max_size=5), _garbage)
@settings(max_examples=150, deadline=None)
def test_every_whole_record_among_garbage_is_found(parts: list[tuple[bytes, bytes]], end: bytes) -> None:
    data = b"[" + b"".join(garbage + record for garbage, record in parts) + end + b"!"
    scan = scan_history(data)
    found = [json.loads(bytes(raw)) for raw in scan.raw]
    wanted = [json.loads(record) for _, record in parts]
    rest = iter(found)
    assert all(one in rest for one in wanted), "each in its order"
    assert scan.damage


def test_trades_within_an_object_that_is_none_are_found() -> None:
    data = b'{"trades":[' + b",".join(RECORDS) + b"]}"
    assert [json.loads(bytes(raw)) for raw in scan_history(data).raw] == [json.loads(r) for r in RECORDS]


def test_of_a_trade_in_a_trade_the_outer_one_counts_once() -> None:
    outer = RECORDS[1][:-1] + b',"before":' + RECORDS[0] + b"}"
    (raw,) = scan_history(b"[" + outer).raw
    assert json.loads(bytes(raw)) == json.loads(outer)


_SIZE = 20_000


@pytest.mark.parametrize(
    ("garbage", "most_calls"),
    [
        (b"{" * _SIZE, 1_000),
        (b"}" * _SIZE, 1_000),
        (b'{"' * (_SIZE // 2), 4 * _SIZE),
        (b'{"a":' * (_SIZE // 5), 4 * _SIZE),
        (b'{"x\\"' * (_SIZE // 5), 4 * _SIZE),
        (b'{"a":' * (_SIZE // 6) + b"1" + b"}" * (_SIZE // 6), 4 * _SIZE),
    ],
    ids=["open", "close", "keys", "nested", "quotes", "closed"],
)
def test_garbage_costs_one_pass(monkeypatch: pytest.MonkeyPatch, garbage: bytes, most_calls: int) -> None:
    tried: list[int] = []
    decode = salvage.decode_record

    def counted(raw: bytes) -> object:
        tried.append(len(raw))
        return decode(raw)

    calls = 0

    def count(frame: FrameType, event: str, arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    monkeypatch.setattr(salvage, "decode_record", counted)
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        scan = scan_history(b"[" + RECORDS[0] + garbage + RECORDS[1] + b"]")
    finally:
        sys.setprofile(before)
    assert len(scan.raw) == 2
    assert calls < most_calls
    assert sum(tried) < 2 * 64 * len(garbage)
    assert len(tried) < 200
