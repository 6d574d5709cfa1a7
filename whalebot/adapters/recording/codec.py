"""Events and effects as MessagePack and back: decimals as text, floats to the bit, fields named."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias, get_args

import msgspec

from whalebot.domain import events as ev
from whalebot.domain.books import Booking, Closing
from whalebot.domain.effects import Effect, Persist, PublishView
from whalebot.domain.instrument import Instrument
from whalebot.domain.known import Known, Unknown
from whalebot.domain.market import Candle
from whalebot.domain.orders import AccountSnapshot, Execution, FundingPayment

START: Final = "Start"
"""Name of the first record: the engine began. Its only field is `real_ms`."""

_DIGEST_BYTES: Final = 8
_KINDS: Final[dict[str, type]] = {kind.__name__: kind for kind in get_args(ev.Event)}
_ANSWERS: Final[dict[str, tuple[str, Any]]] = {
    "SnapshotFetched": ("snapshot", AccountSnapshot),
    "ExecutionsFetched": ("executions", None),
    "ClosingsFetched": ("closings", tuple[Closing, ...]),
    "BookingsFetched": ("bookings", tuple[Booking, ...]),
    "HistoryFetched": ("candles", tuple[Candle, ...]),
    "InstrumentsFetched": ("instruments", tuple[Instrument, ...]),
}
"""Events that hold an answer, which may be unknown: its field and the type of what is known."""
_LONG: Final = (Persist, PublishView)
"""Effects whose content is not kept: the state and the picture are large, and follow from the rest."""


def _as_dict(value: object) -> dict[Any, Any]:
    """Let frozen tables be written as tables. Raises TypeError for anything else."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be recorded")


_encoder = msgspec.msgpack.Encoder(enc_hook=_as_dict, order="deterministic")
_plain = msgspec.msgpack.Decoder()

Shown: TypeAlias = tuple[str, Any]
"""Name and fields of an effect as plain values; fields None where only the digest knows them."""


class EventRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One event as it stands in a journal.

    `number` counts from 0 (the start). `digest` tells all effects of the event, b"" for none, None where the
    engine broke. `effects` holds them in order.
    """

    number: int
    name: str
    fields: msgspec.Raw
    digest: bytes | None
    effects: list[Shown]


def encode_record(number: int, name: str, fields: object, effects: Sequence[Effect] | None) -> bytes:
    """Return one record. fields: an event, or the fields of the start. effects None: the engine broke."""
    digest = None if effects is None else digest_of(effects)
    shown = [(type(e).__name__, None if isinstance(e, _LONG) else e) for e in effects or ()]
    return _encoder.encode((number, name, fields, digest, shown))


def digest_of(effects: Sequence[Effect]) -> bytes:
    """Return eight bytes that differ when any field of any effect, or their order, does; b"" for none.

    Of the picture for the screen only its place counts: it decides nothing.
    """
    if not effects:
        return b""
    told = _encoder.encode([(type(e).__name__, None if isinstance(e, PublishView) else e) for e in effects])
    return hashlib.blake2b(told, digest_size=_DIGEST_BYTES).digest()


def shown_of(effects: Sequence[Effect]) -> list[Shown]:
    """Return effects as the plain values that a record holds."""
    return [
        (type(e).__name__, None if isinstance(e, _LONG) else _plain.decode(_encoder.encode(e)))
        for e in effects
    ]


def encode_plain(value: object) -> bytes:
    """Return any value of the domain as MessagePack."""
    return _encoder.encode(value)


def decode_event(record: EventRecord, settings_type: Any) -> ev.Event:
    """Return the event of a record. settings_type: what a Reconfigured event carries.

    Raises ValueError naming what cannot be read.
    """
    kind = _KINDS.get(record.name)
    if kind is None:
        raise ValueError(f"event {record.number}: unknown kind {record.name!r}")
    if record.name in _ANSWERS:
        return _answer(record, kind)
    if kind is ev.Reconfigured:
        fields = _plain.decode(record.fields)
        settings = msgspec.convert(fields["settings"], settings_type)
        return ev.Reconfigured(settings, tuple(fields["changes"]), fields["recv_ms"])
    event: ev.Event = msgspec.msgpack.decode(record.fields, type=kind)
    return event


def decode_effect(shown: Shown, kind: type[Any]) -> Any:
    """Return one effect of a record as an object of its type. Raises ValueError."""
    return msgspec.convert(shown[1], kind)


def _answer(record: EventRecord, kind: type) -> ev.Event:
    fields: dict[str, Any] = _plain.decode(record.fields)
    place, wanted = _ANSWERS[record.name]
    answer = fields[place]
    if "value" not in answer:
        fields[place] = Unknown(answer["reason"])
    else:
        value = answer["value"]
        found = _executions(value) if wanted is None else msgspec.convert(value, wanted)
        fields[place] = Known(found, answer["asked_ms"])
    event: ev.Event = kind(**fields)
    return event


def _executions(rows: list[dict[str, Any]]) -> tuple[Execution | FundingPayment, ...]:
    return tuple(
        msgspec.convert(row, FundingPayment) if "amount" in row else msgspec.convert(row, Execution)
        for row in rows
    )
