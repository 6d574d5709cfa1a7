"""The faults of the local exchange, drawn at random: one function a kind."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Fault: TypeAlias = dict[str, Any]
Maker: TypeAlias = Callable[[random.Random, str], "Strike"]

_PATHS: Final = (
    "",
    "order/create",
    "order/create",
    "position/trading-stop",
    "position/list",
    "execution/list",
    "order/realtime",
    "order/history",
    "account/wallet-balance",
    "market/kline",
)
_WRITES: Final = (
    "order/create",
    "order/create",
    "order/create",
    "position/trading-stop",
    "position/trading-stop",
    "order/cancel",
)
_STATUSES: Final = (500, 502, 503, 504, 429)
# A 429 says that nothing was done.
_STATUSES_AFTER: Final = (500, 502, 503, 504)
_FRAMES: Final = ("garbage", "unknown", "null", "missing", "array", "huge")
_CHANNELS: Final = ("private", "private", "public", "all")
_REFUSALS: Final = (
    (110007, "ab not enough for new order"),
    (110004, "insufficient balance"),
    (10016, "busy"),
)


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault, how long it lasts (real seconds), and the faults that end it.

    `may_wait`: it may wait for an order or an execution to strike at once after it.
    """

    fault: Fault
    lasts_s: float = 0.0
    ending: tuple[Fault, ...] = ()
    may_wait: bool = True


def _span(draw: random.Random, longest_s: float, shortest_s: float = 0.2) -> float:
    return round(draw.uniform(shortest_s, longest_s), 2)


def _during(draw: random.Random, longest_s: float, **fault: Any) -> Strike:
    lasts_s = _span(draw, longest_s)
    return Strike({**fault, "for": f"PT{lasts_s}S"}, lasts_s)


def _drop(draw: random.Random, _: str) -> Strike:
    return _during(draw, 3, do="drop_streams", channel=draw.choice(_CHANNELS))


def _freeze(draw: random.Random, _: str) -> Strike:
    return _during(draw, 5, do="freeze_streams", channel=draw.choice(_CHANNELS))


def _refuse(draw: random.Random, _: str) -> Strike:
    return _during(draw, 3, do="refuse_connections", channel=draw.choice(_CHANNELS))


def _private(kind: str, most: int) -> Maker:
    def make(draw: random.Random, _: str) -> Strike:
        fault: Fault = {"do": kind, "count": draw.randint(1, most)}
        if draw.random() < 0.5:
            fault["topic"] = draw.choice(("order", "execution", "position", "wallet"))
        if kind == "delay_private":
            fault["delay"] = f"PT{_span(draw, 2)}S"
        return Strike(fault)

    return make


def _skip(draw: random.Random, _: str) -> Strike:
    return Strike({"do": "skip_book_update", "count": draw.randint(1, 3)})


def _frame(draw: random.Random, _: str) -> Strike:
    return Strike(
        {
            "do": "send_frame",
            "frame": draw.choice(_FRAMES),
            "channel": draw.choice(("public", "private")),
            "count": draw.randint(1, 3),
        }
    )


def _rest_error(draw: random.Random, _: str) -> Strike:
    fault: Fault = {"do": "rest_error", "path": draw.choice(_PATHS), "status": draw.choice(_STATUSES)}
    if draw.random() < 0.5:
        return Strike({**fault, "count": draw.randint(1, 6)})
    return _during(draw, 3, **fault)


def _error_after(draw: random.Random, _: str) -> Strike:
    fault = {"do": "rest_error_after", "path": draw.choice(_WRITES), "status": draw.choice(_STATUSES_AFTER)}
    return Strike({**fault, "count": draw.choice((1, 1, 2))})


def _silence(kind: str) -> Maker:
    def make(draw: random.Random, _: str) -> Strike:
        return Strike({"do": kind, "path": draw.choice(_PATHS), "count": draw.choice((1, 1, 2))})

    return make


def _rate(draw: random.Random, _: str) -> Strike:
    return Strike({"do": "rate_limit_burst", "count": draw.randint(1, 10)})


def _skew(draw: random.Random, _: str) -> Strike:
    return _during(draw, 4, do="clock_skew", ms=draw.choice((-1, 1)) * draw.randint(200, 20_000))


def _reject(draw: random.Random, _: str) -> Strike:
    code, text = draw.choice(_REFUSALS)
    return Strike({"do": "reject_order", "count": draw.randint(1, 3), "ret_code": code, "ret_msg": text})


def _drop_stop(draw: random.Random, _: str) -> Strike:
    return Strike({"do": "drop_stop", "count": draw.randint(1, 3)})


def _partial(draw: random.Random, symbol: str) -> Strike:
    fault = {"do": "partial_fills", "symbol": symbol}
    share = draw.choice(("0", "0.1", "0.3", "0.5", "0.9"))
    return Strike({**fault, "share": share}, _span(draw, 3), ({**fault, "share": "1"},), False)


def _close(draw: random.Random, symbol: str) -> Strike:
    fault = {"do": "close_position", "symbol": symbol}
    return Strike(fault if draw.random() < 0.6 else {**fault, "qty": draw.choice(("0.1", "0.5", "1"))})


def _tick(draw: random.Random, symbol: str) -> Strike:
    return Strike({"do": "change_tick", "symbol": symbol, "tickSize": draw.choice(("0.5", "0.2", "1"))})


def _maintenance(kind: str) -> Maker:
    return lambda draw, _: _during(draw, 3, do=kind)


FAULTS: Final[tuple[tuple[Maker, int], ...]] = (
    (_drop, 10),
    (_freeze, 6),
    (_refuse, 3),
    (_private("lose_private", 12), 8),
    (_private("duplicate_private", 40), 5),
    (_private("delay_private", 12), 6),
    (_private("reorder_private", 6), 6),
    (_skip, 2),
    (_frame, 4),
    (_rest_error, 14),
    (_error_after, 8),
    (_silence("timeout_before"), 5),
    (_silence("timeout_after"), 8),
    (_rate, 3),
    (_skew, 3),
    (_reject, 5),
    (_drop_stop, 4),
    (_partial, 8),
    (_close, 6),
    (_tick, 1),
    (_maintenance("maintenance"), 2),
    (_maintenance("restart"), 3),
)
"""Makers and how often each is drawn."""
