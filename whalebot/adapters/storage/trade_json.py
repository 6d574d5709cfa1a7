"""One closed trade as a JSON object and back: names, units and order of `trade_history.json`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final, TypeAlias

import msgspec

from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.intervals import iso_utc
from whalebot.domain.trade import ClosedTrade

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_NAN: Final = float("nan")
TradeKey: TypeAlias = tuple[str, str]
"""Mode and trade id: what makes two records one trade."""

_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


def encode_trade(trade: ClosedTrade) -> bytes:
    """Return a trade as one line of JSON, no line end: money as plain decimal strings, times ISO-8601 UTC."""
    return msgspec.json.encode(
        {
            "trade_id": trade.trade_id,
            "mode": trade.mode,
            "symbol": trade.symbol,
            "side": trade.side.value,
            "entry_time": iso_utc(trade.entry_ms),
            "exit_time": iso_utc(trade.exit_ms),
            "entry_price": _plain(trade.entry_price),
            "exit_price": _plain(trade.exit_price),
            "qty": _plain(trade.qty),
            "gross_pnl": _plain(trade.gross_pnl),
            "fees": _plain(trade.fees),
            "funding": _plain(trade.funding),
            "pnl": _plain(trade.pnl),
            "pnl_percent": _plain(trade.pnl_percent),
            "r_multiple": _plain_or_none(trade.r_multiple),
            "mae": _plain(trade.mae),
            "mfe": _plain(trade.mfe),
            "bars_held": trade.bars_held,
            "closed_by": trade.closed_by.value,
            "entry_score": trade.entry_score,
            "breakdown": dict(trade.breakdown),
            "initial_stop": _plain_or_none(trade.initial_stop),
            "order_link_ids": trade.order_link_ids,
            "config_hash": trade.config_hash,
            "reconciled": trade.reconciled,
        }
    )


class TradeRecord(msgspec.Struct, frozen=True, gc=False):
    """The JSON object as it is read. Unknown fields are allowed; those with a default may be absent."""

    mode: str
    symbol: str
    side: Side
    entry_time: _Moment
    exit_time: _Moment
    entry_price: Decimal
    exit_price: Decimal
    qty: Decimal
    gross_pnl: Decimal
    fees: Decimal
    funding: Decimal
    pnl: Decimal
    pnl_percent: Decimal
    closed_by: ClosedBy
    trade_id: str = ""
    r_multiple: Decimal | None = None
    mae: Decimal = Decimal(0)
    mfe: Decimal = Decimal(0)
    bars_held: int = 0
    entry_score: float | None = None
    breakdown: dict[str, float | None] = {}
    initial_stop: Decimal | None = None
    order_link_ids: tuple[str, ...] = ()
    config_hash: str = ""
    reconciled: bool = False

    def __post_init__(self) -> None:
        for name in _AMOUNTS:
            amount = getattr(self, name)
            if amount is not None and not amount.is_finite():
                raise ValueError(f"{name} {amount} is not a finite number")

    @property
    def key(self) -> TradeKey:
        """Mode and id; a record without an id is named by its symbol and opening time."""
        return self.mode, self.trade_id or f"{self.symbol}-at-{_ms(self.entry_time)}"

    @property
    def facts(self) -> int:
        """A number that differs, within this process, when times, quantity or net PnL do."""
        return hash((self.entry_time, self.exit_time, self.qty, self.pnl))

    def to_trade(self) -> ClosedTrade:
        """Return the trade."""
        return ClosedTrade(
            trade_id=self.key[1],
            mode=self.mode,
            symbol=self.symbol,
            side=self.side,
            entry_ms=_ms(self.entry_time),
            exit_ms=_ms(self.exit_time),
            entry_price=self.entry_price,
            exit_price=self.exit_price,
            qty=self.qty,
            gross_pnl=self.gross_pnl,
            fees=self.fees,
            funding=self.funding,
            pnl=self.pnl,
            pnl_percent=self.pnl_percent,
            r_multiple=self.r_multiple,
            mae=self.mae,
            mfe=self.mfe,
            bars_held=self.bars_held,
            closed_by=self.closed_by,
            entry_score=self.entry_score,
            # A contribution that was no number is null in JSON.
            breakdown=tuple((name, _NAN if part is None else part) for name, part in self.breakdown.items()),
            initial_stop=self.initial_stop,
            order_link_ids=self.order_link_ids,
            config_hash=self.config_hash,
            reconciled=self.reconciled,
        )


_AMOUNTS: Final = (
    "entry_price",
    "exit_price",
    "qty",
    "gross_pnl",
    "fees",
    "funding",
    "pnl",
    "pnl_percent",
    "r_multiple",
    "mae",
    "mfe",
    "initial_stop",
)
_ONE: Final = msgspec.json.Decoder(TradeRecord)
_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])


def decode_trade(raw: bytes | msgspec.Raw) -> ClosedTrade:
    """Return the trade of one JSON object; ValueError (naming the field) where it is none."""
    return decode_record(raw).to_trade()


def decode_record(raw: bytes | msgspec.Raw) -> TradeRecord:
    """Return one JSON object as it stands there; ValueError (naming the field) where it is no trade."""
    # Fields we do not know are skipped by the decoder without a look at their encoding.
    str(raw, "utf-8")
    return _ONE.decode(raw)


def split_array(data: bytes) -> list[msgspec.Raw]:
    """Return the elements of a JSON array, undecoded; ValueError where it is none."""
    return _ARRAY.decode(data)


def encode_trades(trades: list[ClosedTrade]) -> bytes:
    """Return a whole history file: a JSON array, one trade a line."""
    if not trades:
        return b"[]\n"
    return b"[\n" + b",\n".join(encode_trade(trade) for trade in trades) + b"\n]\n"


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MS


def _plain(amount: Decimal) -> str:
    return format(amount, "f")


def _plain_or_none(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")
