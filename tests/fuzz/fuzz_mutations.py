"""Turns good input into hostile input: by bytes, and inside JSON by values that programs stumble over."""

from __future__ import annotations

import json
from random import Random
from typing import Any

HOSTILE_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, -0.0, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**30,
    10**400,
    "", " ", "0", "-1", "-0", "1e5", "1e-30", "1e400", "1e999999999", "1e-999999999", "9" * 60, "9" * 5000,
    "0." + "0" * 60 + "1", "nan", "NaN", "sNaN", "inf", "-Infinity", "0x10", "1_000", "\u0661\u0662",
    "\u00b2",
    "\u00e9", "\u2028", "\x00", "\x1b[31mred\x1b[0m", "a\r\nX: b", "Buy", "Sell", "BTCUSDT", "BTC-USDT",
    "../../x",
    "A" * 4000, [], {}, [[]], [{}], {"": ""}, [None], ["", ""], ["0", "0"],
)  # fmt: skip

HOSTILE_BYTES: tuple[bytes, ...] = (
    b"", b"\0", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"{", b"}", b"[", b"]", b'"', b",",
    b":",
    b"\\", b"\\ud800", b"\\u0000", b"null", b"NaN", b"1e999999999", b"-", b"\n", b"\r", b"\x1b", b"[" * 3000,
    b'{"a":' * 2000, b"9" * 400, b"9" * 5000, b'"topic":"order"', b"\x1f\x8b",
)  # fmt: skip


def mutate(data: bytes, rng: Random) -> bytes:
    """Return a changed copy: one to four changes, of values where it is JSON, else of bytes."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = _values(data, rng) if rng.random() < 0.6 else _bytes(data, rng)
    return data


def _values(data: bytes, rng: Random) -> bytes:
    """Change JSON inside `data`, whether it is all of it or what follows a first line."""
    head, newline, body = (b"", b"", data) if data[:1] in b"{[" else data.partition(b"\n")
    if data[:1] not in b"{[" and b"\n\n" in data:
        head, newline, body = data.partition(b"\n\n")
    try:
        document = json.loads(body)
        places = list(_places(document))
        if not places:
            return _bytes(data, rng)
        holder, at = rng.choice(places)
        choice = rng.random()
        if choice < 0.7:
            holder[at] = rng.choice(HOSTILE_VALUES)
        elif choice < 0.85:
            del holder[at]
        elif isinstance(holder, list):
            holder.extend(holder[:50] * rng.choice((1, 20)))
        else:
            holder[str(rng.choice(HOSTILE_VALUES))[:50]] = holder[at]
        return (
            head
            + newline
            + json.dumps(document, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
        )
    except (ValueError, RecursionError):
        return _bytes(data, rng)


def _places(node: Any, depth: int = 0) -> Any:
    if depth > 20 or not isinstance(node, dict | list):
        return
    for at in list(node) if isinstance(node, dict) else range(len(node)):
        yield node, at
        yield from _places(node[at], depth + 1)


def _bytes(data: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    end = min(len(data), at + rng.choice((0, 1, 2, 8, 64, 100_000)))
    if rng.random() < 0.3 and data:
        return data[:at] + bytes([data[at % len(data)] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
    return data[:at] + rng.choice(HOSTILE_BYTES) + data[end:]
