"""Reads the bytes of a history file, whole or damaged. Pure: no file is touched here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from whalebot.adapters.storage.trade_json import TradeKey, decode_record, decode_trade, split_array
from whalebot.domain.trade import ClosedTrade

TAIL: Final = b"\n]\n"
"""What stands behind the last trade of a file we wrote."""

_SPACE: Final = b" \t\r\n"
_NAMED: Final = 5


@dataclass(slots=True)
class Scan:
    """What a history file holds.

    `raw` is the JSON of each trade in the order of the file; `known` has the facts of each mode and id, those
    of the first where one stands there twice. `end` is the offset behind the last trade (behind the opening
    bracket of an empty array) and `tail` what follows there. Where `damage` is not "", only `raw` counts.
    """

    raw: Sequence[bytes | msgspec.Raw] = ()
    known: dict[TradeKey, int] = field(default_factory=dict)
    end: int = 0
    tail: bytes = b""
    damage: str = ""


def scan_history(data: bytes) -> Scan:
    """Return the content of a history file; of a damaged one every trade that can be read."""
    known: dict[TradeKey, int] = {}
    try:
        raw = split_array(data)
        for one in raw:
            record = decode_record(one)
            known.setdefault(record.key, record.facts)
    except (ValueError, RecursionError) as error:
        return _salvage(data, str(error))
    body = data.rstrip(_SPACE)[:-1].rstrip(_SPACE)
    return Scan(raw, known, end=len(body), tail=data[len(body) :])


def trades_in(data: bytes) -> tuple[list[ClosedTrade], str]:
    """Return the trades of a history file in its order, and what is damaged in it ("" for nothing)."""
    try:
        return [decode_trade(raw) for raw in split_array(data)], ""
    except (ValueError, RecursionError) as error:
        scan = _salvage(data, str(error))
        return [decode_trade(raw) for raw in scan.raw], scan.damage


def _salvage(data: bytes, reason: str) -> Scan:
    raw: list[bytes] = []
    lost: list[str] = []
    done = 0
    for start, end in _objects(data):
        try:
            decode_record(data[start:end])
        except (ValueError, RecursionError) as error:
            lost.append(f"the object at byte {start} is no trade ({error})")
            continue
        if _has_content(data[done:start]):
            lost.append(f"bytes {done} to {start} are unreadable")
        done = end
        raw.append(msgspec.json.format(data[start:end], indent=-1))
    if _has_content(data[done:]):
        lost.append(f"bytes {done} to {len(data)} are unreadable")
    more = f" and {len(lost) - _NAMED} more places" if len(lost) > _NAMED else ""
    return Scan(raw, damage="; ".join([reason, *lost[:_NAMED]]) + more)


def _has_content(gap: bytes) -> bool:
    return bool(gap.strip(_SPACE + b"[],"))


def _objects(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of every outermost JSON object that is whole, past any damage."""
    # One character per byte, so that positions are offsets; the bytes are checked as UTF-8 when decoded.
    text = data.decode("latin-1")
    decoder = json.JSONDecoder()
    start = text.find("{")
    while start >= 0:
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield start, end
        start = text.find("{", end)
