"""Reads the bytes of a history file, whole or damaged. Pure: no file is touched here."""

from __future__ import annotations

import contextlib
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from whalebot.adapters.storage.trade_json import (
    TradeKey,
    TradeRecord,
    decode_record,
    decode_trade,
    split_array,
)
from whalebot.domain.trade import ClosedTrade

TAIL: Final = b"\n]\n"
"""What stands behind the last trade of a file we wrote."""

_SPACE: Final = b" \t\r\n"
_BETWEEN: Final = _SPACE + b"[],"
_NAMED: Final = 5
# A record of ours has objects two deep; those that others add are not deeper than this.
_DEEPEST: Final = 64
_SHORTEST: Final = sum(
    len(one.encode_name) + len('"":0,') for one in msgspec.structs.fields(TradeRecord) if one.required
)
_QUOTE, _OPENS, _CLOSES = 1, 2, 3
_MARKS: Final = re.compile(
    rb"""
    (?: "[^"\\{}]*+" [^"\\{}]*+ )++  # strings in which nothing opens or closes: an even number of quotes
    | \\[\\"]                         # an escaped quote ends no string
    | \{[\x20\t\r\n]*+\}              # an empty object
    | (")
    | (\{) (?=[\x20\t\r\n]*+")         # no other brace opens an object
    | (\}++)
    """,
    re.VERBOSE,
)


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
    gaps: list[tuple[int, int]] = []
    done = 0
    # Of two that overlap the one that begins first counts: the other stands inside it.
    for start, end in sorted(_trades(data), key=lambda place: (place[0], -place[1])):
        if start < done:
            continue
        if _has_content(data[done:start]):
            gaps.append((done, start))
        done = end
        raw.append(msgspec.json.format(data[start:end], indent=-1))
    if _has_content(data[done:]):
        gaps.append((done, len(data)))
    lost = [_explained(data, start, end) for start, end in gaps[:_NAMED]]
    more = f" and {len(gaps) - _NAMED} more places" if len(gaps) > _NAMED else ""
    return Scan(raw, damage="; ".join([reason, *lost]) + more)


def _trades(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of everything that reads as a trade."""
    for start, end in _objects(data):
        if end - start >= _SHORTEST:
            with contextlib.suppress(ValueError, RecursionError):
                decode_record(data[start:end])
                yield start, end


def _has_content(gap: bytes) -> bool:
    return bool(gap.strip(_BETWEEN))


def _explained(data: bytes, start: int, end: int) -> str:
    """Say what is wrong with a part in which there is no trade."""
    inner = data[start:end].lstrip(_BETWEEN)
    try:
        for raw in split_array(b"[" + inner.rstrip(_BETWEEN) + b"]"):
            decode_record(raw)
    except msgspec.ValidationError as error:
        return f"the object at byte {end - len(inner)} is no trade ({error})"
    except (ValueError, RecursionError):
        pass
    return f"bytes {start} to {end} are unreadable"


def _objects(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of all that may be a JSON object, past any damage, in one pass; inner ones first.

    Damage may leave open whether a quote begins or ends a string, so both are followed at once: a brace
    between strings by the one count lies within a string by the other, and belongs to one of them only.
    What is open that deep that nothing around it can be a trade is let go.
    """
    opened: tuple[deque[int], deque[int]] = (deque(maxlen=_DEEPEST), deque(maxlen=_DEEPEST))
    quotes = 0
    for mark in _MARKS.finditer(data):
        if mark.lastindex == _QUOTE:
            quotes ^= 1
        elif mark.lastindex == _OPENS:
            opened[quotes].append(mark.start())
        elif mark.lastindex == _CLOSES:
            count = min(len(opened[quotes]), mark.end() - mark.start())
            for end in range(mark.start() + 1, mark.start() + 1 + count):
                yield opened[quotes].pop(), end
