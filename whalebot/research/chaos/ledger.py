"""The local exchange's event log as a ledger: positions from flat to flat, orders, stops, and its wallet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from whalebot.research.chaos.spans import Span

Line = dict[str, Any]
_ZERO = Decimal(0)
_OPPOSITE = {"Buy": "Sell", "Sell": "Buy"}
# Position indices of hedge mode.
_SIDES = {1: "Buy", 2: "Sell"}
_NOTHING_TO_REDUCE = 110017


@dataclass(slots=True)
class Position:
    """One position of the exchange. Times of the market in ms; `net` is exact and in quote currency.

    `changed_ms` is the real time of its last execution, `executions` how many it had. `openers` are the link
    ids of the orders that opened or increased it, in order, `closers` of those that reduced it, "" for orders
    without one.

    `stops` are the stop prices in force, in order, None where there was none. `bare` are the stretches of
    real time without a stop.
    """

    symbol: str
    side: str
    opened_ms: int
    first_link_id: str
    size: Decimal = _ZERO
    entered: Decimal = _ZERO
    realised: Decimal = _ZERO
    fees: Decimal = _ZERO
    funding: Decimal = _ZERO
    closed_ms: int | None = None
    changed_ms: int = 0
    executions: int = 0
    openers: list[str] = field(default_factory=list)
    closers: list[str] = field(default_factory=list)
    stops: list[Decimal | None] = field(default_factory=list)
    bare: list[Span] = field(default_factory=list)
    bare_since_ms: int | None = None

    @property
    def net(self) -> Decimal:
        """Realised - fees - funding."""
        return self.realised - self.fees - self.funding

    @property
    def unprotected_ms(self) -> int:
        """The longest stretch of real time without a stop."""
        return max((span.end_ms - span.start_ms for span in self.bare), default=0)

    def __str__(self) -> str:
        return f"{self.symbol} {self.side} {self.entered} opened {self.opened_ms} by {self.first_link_id!r}"


@dataclass(slots=True)
class Ledger:
    """Everything the judge needs of one exchange over all its runs.

    A long and a short of one symbol, as hedge mode has them, are two positions: `_open` holds them by symbol
    and side, which an execution tells in either mode, while only other lines name the position index.

    `orders` are the states of orders by link id and order id, `order_ms` the real time of the last one.
    `futile` are link ids of orders that would have reduced what was gone, each with the position of the
    symbol that had ended last; nothing was open by then. `faults` are its lines about faults set and struck;
    `requests` the real times of private requests by path.
    """

    positions: list[Position] = field(default_factory=list)
    orders: dict[str, dict[str, str]] = field(default_factory=dict)
    order_ms: dict[str, int] = field(default_factory=dict)
    refused: list[Line] = field(default_factory=list)
    futile: list[tuple[str, Position]] = field(default_factory=list)
    violations: list[Line] = field(default_factory=list)
    faults: list[Line] = field(default_factory=list)
    requests: dict[str, list[int]] = field(default_factory=dict)
    oddities: list[str] = field(default_factory=list)
    first_wallet: Decimal | None = None
    last_wallet: Decimal = _ZERO
    _open: dict[tuple[str, str], Position] = field(default_factory=dict)
    _ended: dict[str, Position] = field(default_factory=dict)
    _real_ms: int = 0

    @property
    def closed(self) -> list[Position]:
        """Positions that went to zero, in the order in which they ended."""
        return sorted((p for p in self.positions if p.closed_ms is not None), key=lambda p: p.closed_ms or 0)

    @property
    def open(self) -> list[Position]:
        """Positions that are not flat at the end of the log."""
        return list(self._open.values())

    @property
    def flow(self) -> Decimal:
        """What all positions, open ones too, did to the wallet."""
        return sum((p.net for p in self.positions), _ZERO)

    def take(self, line: Line) -> None:
        """Take one line of the log."""
        kind, real_ms = line["kind"], line["real_ms"]
        if kind == "start":
            self._on_start(real_ms)
        elif kind == "order":
            self._on_order(line)
        elif kind == "execution":
            self._on_execution(line)
        elif kind == "funding":
            self._on_funding(line)
        elif kind == "stop":
            self._on_stop(line)
        elif kind == "wallet":
            self._on_wallet(line)
        elif kind == "violation":
            self.violations.append(line)
        elif kind in ("fault", "strike"):
            self.faults.append(line)
        elif kind == "request":
            self._on_request(line)
        self._real_ms = real_ms

    def finish(self) -> Ledger:
        """End the count of open positions without a stop at the last line; return itself."""
        for position in self._open.values():
            _cover(position, self._real_ms)
        return self

    def _on_start(self, real_ms: int) -> None:
        # The exchange was away in between: nobody can count real time over its absence.
        for position in self._open.values():
            if position.bare_since_ms is not None:
                _cover(position, self._real_ms)
                position.bare_since_ms = real_ms

    def _on_request(self, line: Line) -> None:
        self.requests.setdefault(line.get("path", ""), []).append(line["real_ms"])

    def _on_order(self, line: Line) -> None:
        if line["status"] == "refused":
            self.refused.append(line)
            last = self._ended.get(line["symbol"])
            if line["ret_code"] == _NOTHING_TO_REDUCE and line["order_link_id"] and last is not None:
                self.futile.append((line["order_link_id"], last))
            return
        link_id = line["order_link_id"]
        if link_id:
            self.orders.setdefault(link_id, {})[line["order_id"]] = line["status"]
            self.order_ms[link_id] = line["real_ms"]

    def _on_execution(self, line: Line) -> None:
        qty, closes = Decimal(line["qty"]), Decimal(line["closed_size"])
        key = (line["symbol"], line["side"] if closes == 0 else _OPPOSITE[line["side"]])
        position = self._open.get(key)
        if position is None and closes:
            self.oddities.append(f"execution {line['exec_id']} closed what was not open")
            return
        if position is None:
            position = self._begin(key, line)
        if closes not in (_ZERO, qty):
            self.oddities.append(f"execution {line['exec_id']} turned {position} around")
        if closes < qty and line["order_link_id"] not in position.openers:
            position.openers.append(line["order_link_id"])
        if closes and line["order_link_id"] not in position.closers:
            position.closers.append(line["order_link_id"])
        position.changed_ms = line["real_ms"]
        position.executions += 1
        position.realised += Decimal(line["realised"])
        position.fees += Decimal(line["fee"])
        position.size += qty if closes == 0 else -closes
        position.entered += qty - closes
        if position.size == 0:
            position.closed_ms = line["ts_ms"]
            _cover(position, line["real_ms"])
            del self._open[key]
            if not any(symbol == position.symbol for symbol, _ in self._open):
                self._ended[position.symbol] = position

    def _begin(self, key: tuple[str, str], line: Line) -> Position:
        position = Position(*key, line["ts_ms"], line["order_link_id"])
        self.positions.append(position)
        self._open[key] = position
        self._ended.pop(position.symbol, None)
        position.bare_since_ms = line["real_ms"]
        return position

    def _named(self, line: Line) -> Position | None:
        """The open position that a line with a position index is about; in one-way mode there is one."""
        symbol, index = line["symbol"], line["position_idx"]
        if index:
            return self._open.get((symbol, _SIDES[index]))
        return self._open.get((symbol, "Buy")) or self._open.get((symbol, "Sell"))

    def _on_funding(self, line: Line) -> None:
        position = self._named(line)
        if position is None:
            self.oddities.append(f"funding {line['exec_id']} without a position")
            return
        position.funding += Decimal(line["amount"])

    def _on_stop(self, line: Line) -> None:
        position = self._named(line)
        if position is None or Decimal(line["size"]) == 0:
            return
        stop = Decimal(line["stop_loss"]) if line["stop_loss"] else None
        if not position.stops or position.stops[-1] != stop:
            position.stops.append(stop)
        if line["is_protected"]:
            _cover(position, line["real_ms"])
        elif position.bare_since_ms is None:
            position.bare_since_ms = line["real_ms"]

    def _on_wallet(self, line: Line) -> None:
        self.last_wallet = Decimal(line["wallet_balance"])
        if self.first_wallet is None:
            self.first_wallet = self.last_wallet


def _cover(position: Position, real_ms: int) -> None:
    if position.bare_since_ms is not None:
        position.bare.append(Span(position.bare_since_ms, real_ms))
        position.bare_since_ms = None


def read_lines(path: Path, *, may_be_torn: bool = False) -> Iterator[Line]:
    """Yield the objects of a JSON lines file; a last line still being written is left out.

    may_be_torn: whoever wrote it was killed, and went on behind the line it was writing.
    """
    with path.open(encoding="utf-8") as file:
        for text in file:
            if not text.endswith("\n"):
                return
            try:
                yield json.loads(text)
            except json.JSONDecodeError:
                if not may_be_torn:
                    raise


def read_ledger(path: Path) -> Ledger:
    """Read the exchange's log."""
    ledger = Ledger()
    for line in read_lines(path):
        ledger.take(line)
    return ledger.finish()
