"""What a daemon left behind, as the laws read it: its trades, its state document, its event log."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from whalebot.adapters.storage.state import StateFile
from whalebot.research.chaos.ledger import Position, read_lines
from whalebot.research.chaos.spans import Span

OWN: Final = "wb"
"""The link ids of the daemon's own orders begin so."""

Trade: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, str, Decimal, str]


@dataclass(frozen=True, slots=True)
class Books:
    """What the daemon left behind: its trades, its state document and the notices of its event log.

    `is_over` False: the daemon may still be at work on open orders. `excused` are the stretches of real time
    in which it could not see or reach what needed protection. What the exchange did after `until_ms`, real
    time, the daemon need not know of; None: it must know all.
    """

    trades: list[Trade]
    state: dict[str, Any]
    events: list[dict[str, Any]]
    is_over: bool = True
    excused: tuple[Span, ...] = ()
    until_ms: int | None = None

    @property
    def limit_ms(self) -> int:
        """`until_ms` as a number."""
        return sys.maxsize if self.until_ms is None else self.until_ms


def read_books(
    folder: Path,
    mode: str,
    *,
    is_over: bool = True,
    excused: tuple[Span, ...] = (),
    until_ms: int | None = None,
) -> Books:
    """Read what the daemon of a --dir left behind in one mode."""
    return Books(
        trades=[t for t in _read_json(folder / "trade_history.json", []) if t["mode"] == mode],
        state=read_state(folder, mode),
        events=list(read_lines(folder / "logs" / "events.jsonl", may_be_torn=True)),
        is_over=is_over,
        excused=excused,
        until_ms=until_ms,
    )


def read_state(folder: Path, mode: str) -> dict[str, Any]:
    """Return the state document that the daemon of a --dir would start with, empty where there is none.

    It may be at work, or have been killed between the two renames of a save.
    """
    document = StateFile(folder / "state" / f"{mode}.json").peek()
    return {} if document is None else json.loads(msgspec.json.encode(document))


def is_ours(position: Position) -> bool:
    """True for a position that an order of the daemon opened."""
    return position.first_link_id.startswith(OWN)


def first_link_id(trade: Trade) -> str:
    """Return the link id of the first order of a trade, "" where it had none."""
    return trade["order_link_ids"][0] if trade["order_link_ids"] else ""


def key_of_trade(trade: Trade) -> Key:
    """Return what a trade and its position have in common."""
    return trade["symbol"], trade["side"], Decimal(trade["qty"]), first_link_id(trade)


def key_of_position(position: Position) -> Key:
    """Return what a position and its trade have in common."""
    return position.symbol, position.side, position.entered, position.first_link_id


def held(memory: dict[str, Any]) -> Decimal:
    """Return the signed size of a position of the state document, above zero long."""
    return Decimal(memory["bought_qty"]) - Decimal(memory["sold_qty"])


def to_ms(text: str) -> int:
    """Return ISO-8601 as ms UTC."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _read_json(path: Path, absent: Any) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else absent
