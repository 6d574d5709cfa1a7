"""A recorded session against its simulation: trades in pairs, and what the differences come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import msgspec

from whalebot.adapters.recording.codec import EventRecord, decode_effect
from whalebot.adapters.recording.reader import Journal
from whalebot.domain.intervals import interval_ms
from whalebot.domain.trade import ClosedTrade
from whalebot.research.comparing.assumptions import Assumptions
from whalebot.research.comparing.matching import Pair, match
from whalebot.research.comparing.session import RecordedSession

_plain = msgspec.msgpack.Decoder()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Pairs of trades in the order of their entries. `before`: trades left out because their position was
    open when the recording began. `torn` and `damage` as the journal tells them."""

    pairs: tuple[Pair[ClosedTrade], ...]
    before: tuple[ClosedTrade, ...] = ()
    torn: str = ""
    damage: str = ""

    @property
    def is_equal(self) -> bool:
        """True where every trade has its equal."""
        return all(pair.is_equal for pair in self.pairs)


def compare_recording(journal: Journal, assumed: Assumptions) -> Comparison:
    """Trade the market of a recording again and pair the trades with those that were made.

    Raises ConfigError for a recording this version cannot read.
    """
    happened: list[ClosedTrade] = []

    def hear(record: EventRecord) -> None:
        happened.extend(
            decode_effect((name, fields["trade"]), ClosedTrade)
            for name, fields in record.effects
            if name == "RecordTrade"
        )

    session = RecordedSession(journal, assumed)
    session.run(hear)
    made = tuple({trade.trade_id: trade for trade in happened}.values())
    before = tuple(t for t in made if t.symbol in session.started_with and t.entry_ms <= session.first_ms)
    kept = [trade for trade in made if trade not in before]
    within_ms = interval_ms(session.interval) + assumed.latency_ms
    return Comparison(match(kept, session.trades, within_ms), before, journal.torn, journal.damage)


def compare_trades(
    happened: Sequence[ClosedTrade], simulated: Sequence[ClosedTrade], interval: str
) -> Comparison:
    """Pair trades of a history with those of a backtest on bars, whose times are opens of bars."""
    length = interval_ms(interval)
    on_grid = [
        replace(t, entry_ms=t.entry_ms // length * length, exit_ms=t.exit_ms // length * length)
        for t in happened
    ]
    return Comparison(match(on_grid, simulated, length))


def first_balance(journal: Journal) -> Decimal | None:
    """Return the wallet balance that a recording tells first, in quote; None where it tells none."""
    for record in journal.records():
        if record.name == "WalletReported":
            return Decimal(_plain.decode(record.fields)["wallet"]["wallet_balance"])
        if record.name == "SnapshotFetched":
            answer: dict[str, Any] = _plain.decode(record.fields)["snapshot"]
            if "value" in answer:
                return Decimal(answer["value"]["wallet"]["wallet_balance"])
    return None


def recorded_latency_ms(journal: Journal) -> int:
    """Return the median market time from a decision to the venue, in ms, over the orders of a recording.

    0 where the recording holds no order.
    """
    decided: dict[str, int] = {}
    arrived: dict[str, int] = {}
    for record in journal.records():
        for name, fields in record.effects:
            if name == "SubmitOrder":
                decided[fields["intent"]["order_link_id"]] = fields["intent"]["created_ms"]
        if record.name == "OrderUpdated":
            order = _plain.decode(record.fields)["order"]
            arrived.setdefault(order["order_link_id"], order["created_ms"])
    waits = sorted(max(0, arrived[link] - at) for link, at in decided.items() if link in arrived)
    return waits[len(waits) // 2] if waits else 0
