"""The engine behind the decoders: whatever a venue says, no frame ends the loop or spoils the state."""

from __future__ import annotations

import json
from decimal import Decimal as D
from functools import cache
from typing import Any

import fuzz_seeds as seeds

from whalebot.adapters.bybit.counters import StreamCounters
from whalebot.adapters.bybit.decode import FrameDecoder
from whalebot.adapters.bybit.wire import ControlFrame
from whalebot.adapters.control.protocol import encode
from whalebot.adapters.control.view_json import view_to_json
from whalebot.adapters.storage.state import _encode
from whalebot.adapters.storage.trade_json import decode_record, encode_trade
from whalebot.app.config.document import Config
from whalebot.app.engine_setup import engine_settings
from whalebot.domain import events as ev
from whalebot.domain.effects import (
    Effect,
    FetchHistory,
    FetchInstruments,
    FetchSnapshot,
    Persist,
    RecordTrade,
    SetLeverage,
    SubmitOrder,
)
from whalebot.domain.enums import Stream
from whalebot.domain.instrument import Instrument
from whalebot.domain.intervals import bar_open_ms, interval_ms
from whalebot.domain.known import Known
from whalebot.domain.market import Candle
from whalebot.domain.orders import AccountSnapshot, WalletReport
from whalebot.domain.state import StateDocument
from whalebot.engine.engine import Engine
from whalebot.engine.settings import FeedSettings

NOW_MS = seeds.NOW_MS
_RULES = Instrument("BTCUSDT", D("0.1"), D("0.001"), D("0.001"), D(1190), D(500), D(5), D(100))
_CONFIG = Config.model_validate({"mtf_analysis": {"enabled": False}, "indicators": {}})
_WALLET = WalletReport(D(1000), D(1000), D(1000), NOW_MS)


class Loop:
    """The daemon's loop without threads: answers reads at once, and keeps what would be written."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        settings = engine_settings(_CONFIG, FeedSettings(has_book=False))
        self.engine = Engine(settings, StateDocument(run_id="r1"))
        self._carry_out(self.engine.start(self.now_ms))
        self.take(ev.StreamUp(Stream.PUBLIC, self.now_ms))
        self.take(ev.StreamUp(Stream.PRIVATE, self.now_ms))

    def take(self, event: ev.Event) -> None:
        """Process one event and whatever answers it asks for."""
        self._carry_out(self.engine.process(event))

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Persist):
                _encode(effect.document)
            elif isinstance(effect, RecordTrade):
                decode_record(encode_trade(effect.trade))
        for effect in effects:
            if isinstance(effect, FetchSnapshot):
                snapshot = Known(AccountSnapshot((), (), _WALLET), self.now_ms)
                self.take(ev.SnapshotFetched(effect.request_no, snapshot, self.now_ms))
            elif isinstance(effect, FetchInstruments):
                self.take(ev.InstrumentsFetched(Known((_RULES,), self.now_ms), self.now_ms))
            elif isinstance(effect, SetLeverage):
                done = ev.LeverageAnswered(effect.symbol, effect.leverage, True, "", self.now_ms)
                self.take(done)
            elif isinstance(effect, SubmitOrder):
                self.take(ev.OrderAccepted(effect.intent.order_link_id, "o-1", self.now_ms))
            elif isinstance(effect, FetchHistory) and effect.start_ms is None:
                bars = Known(_history(effect.interval), self.now_ms)
                self.take(
                    ev.HistoryFetched(effect.symbol, effect.interval, bars, self.now_ms, None, effect.end_ms)
                )

    def end(self) -> None:
        """Let timers fire, look at it and save it, as the daemon would."""
        for _ in range(5):
            self.now_ms += 1000
            self.take(ev.TimerDue(self.now_ms))
        encode(view_to_json(self.engine.view()))
        _encode(self.engine.final_document())


@cache
def _history(interval: str) -> tuple[Candle, ...]:
    length = interval_ms(interval)
    last = bar_open_ms(NOW_MS, interval) - length
    return tuple(
        Candle("BTCUSDT", interval, last - n * length, D(60000), D(60050), D(59950), D(60000 + n % 7), D(10))
        for n in range(300, -1, -1)
    )


def examples() -> list[bytes]:
    """Conversations: lists of frames as JSON, or as text where they are none."""
    public, private = seeds.public_frames(), seeds.private_frames()
    talks = [public[2:7], [public[2], *private], [*public[:3], private[0], private[1], private[2], public[4]]]
    heard = [[json.loads(frame) for frame in talk] for talk in talks]
    return [json.dumps(talk).encode() for talk in [*heard, *_related_rows()]]


def _related_rows() -> list[list[Any]]:
    """Positions that open and end: what is wrong with one row shows where the next one is counted with it."""
    bought, sold = seeds.fill("a", "Buy", "0.002"), seeds.fill("b", "Sell", "0.002", closed="0.002")
    more, half = seeds.fill("c", "Buy", "0.001"), seeds.fill("d", "Sell", "0.001", closed="0.001")
    turned = seeds.fill("e", "Sell", "0.003", closed="0.002")
    return [
        [bought, sold],
        [bought, more, half, sold],
        [bought, turned, seeds.fill("f", "Buy", "0.001", closed="0.001")],
        [bought, seeds.position("Buy", "0.002"), sold, seeds.position("", "0")],
    ]


def run_engine(data: bytes) -> None:
    """Hear a conversation."""
    try:
        talk = json.loads(data)
    except (ValueError, RecursionError):
        talk = [data.decode("latin-1")]
    counters = StreamCounters("fuzz")
    decoder = FrameDecoder([*seeds.PUBLIC_TOPICS, *seeds.PRIVATE_TOPICS], counters)
    loop = Loop()
    for said in talk[:20] if isinstance(talk, list) else [talk]:
        frame = said.encode("latin-1", "replace") if isinstance(said, str) else _dump(said)
        loop.now_ms += 50
        found = decoder.decode(frame, loop.now_ms)
        for event in [] if isinstance(found, ControlFrame) else found:
            loop.take(event)
    loop.end()


def _dump(said: Any) -> bytes:
    # As the venue writes it, where the topic stands first and without a space.
    return json.dumps(said, separators=(",", ":")).encode("utf-8", "surrogatepass")
