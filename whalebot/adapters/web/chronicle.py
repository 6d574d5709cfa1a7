"""What happened since the start, as far as a person may want to see it. The web thread's own; bounded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from whalebot.adapters.web.bar_book import BarBook
from whalebot.adapters.web.decisions import Decisions
from whalebot.adapters.web.feed import Feed, Item, Told
from whalebot.adapters.web.orders_seen import OrdersSeen
from whalebot.adapters.web.stop_paths import StopPaths
from whalebot.adapters.web.trade_book import TradeBook
from whalebot.domain import events as ev
from whalebot.domain.alerts import AlertRecord
from whalebot.domain.analysis import Analysis
from whalebot.domain.effects import Effect, Persist, PublishView, RecordTrade, SubmitOrder
from whalebot.domain.known import Known
from whalebot.domain.orders import PositionReport, WalletReport
from whalebot.domain.state import StateDocument
from whalebot.domain.view import View

_BATCH: Final = 500
_MOST_EQUITY: Final = 1000
_MOST_ALERTS: Final = 500


class Chronicle:
    """Collects from the feed; everything else of the server reads it. One thread only."""

    def __init__(self) -> None:
        self.view: View | None = None
        self.document: StateDocument | None = None
        self.wallet: WalletReport | None = None
        self.reported: dict[str, PositionReport] = {}
        self.bars = BarBook()
        self.paths = StopPaths()
        self.orders = OrdersSeen()
        self.decisions = Decisions()
        self.alerts: OrderedDict[int, AlertRecord] = OrderedDict()
        self.trades = TradeBook()
        self.equity: list[tuple[int, Decimal]] = []
        self.storage_trouble = ""
        self.version = 0
        self._judged: dict[str, Analysis] = {}
        self._on_event: dict[type, Callable[[Any], None]] = {
            ev.CandleClosed: lambda e: self.bars.add((e.candle,)),
            ev.CandleForming: lambda e: self.bars.set_forming(e.candle),
            ev.HistoryFetched: self._on_history,
            ev.WalletReported: lambda e: self._set_wallet(e.wallet),
            ev.SnapshotFetched: self._on_snapshot,
            ev.PositionReported: lambda e: self._set_position(e.position),
            ev.StorageFailed: lambda e: self._set_storage(f"{e.what}: {e.reason}"),
            ev.StorageRecovered: lambda _: self._set_storage(""),
            ev.TradeRecorded: lambda e: self.trades.written(e.trade),
        }
        self._on_effect: dict[type, Callable[[Any], None]] = {
            PublishView: lambda effect: self.look(effect.view),
            Persist: lambda effect: self._set_document(effect.document),
            SubmitOrder: lambda effect: self.orders.sent(effect.intent),
            RecordTrade: lambda effect: self._on_trade(effect),
        }

    def take(self, feed: Feed) -> int:
        """Take what waits in the feed, some hundred at most; return how many it were."""
        items = feed.take(_BATCH)
        for item in items:
            self._take(item)
        if items:
            self.version += 1
        return len(items)

    def look(self, view: View) -> None:
        """Take a view: analyses, stops, equity."""
        self.view = view
        for symbol in view.symbols:
            thought = symbol.analysis
            if thought is not None and thought is not self._judged.get(symbol.symbol):
                self._judged[symbol.symbol] = thought
                self.bars.judge(thought)
        self.paths.follow(view)
        if view.equity is not None:
            self._note_equity(view.now_ms, view.equity)

    def warn(self, alert: AlertRecord) -> None:
        """Take an alert; a known one is replaced."""
        self.alerts[alert.id] = alert
        while len(self.alerts) > _MOST_ALERTS:
            self.alerts.popitem(last=False)

    def newest_alerts(self) -> list[AlertRecord]:
        """Return the alerts, newest first."""
        return list(reversed(self.alerts.values()))

    def _take(self, item: Item) -> None:
        if isinstance(item, tuple):
            event, effects = item
            handler = self._on_event.get(type(event))
            if handler is not None:
                handler(event)
            for effect in effects:
                self._take_effect(effect)
            # After the effects: what is heard of an order belongs to one that was sent.
            self.orders.hear(event)
        elif isinstance(item, Told):
            self.decisions.add(item.notice, item.at_ms)
        else:
            self.warn(item)

    def _take_effect(self, effect: Effect) -> None:
        handler = self._on_effect.get(type(effect))
        if handler is not None:
            handler(effect)

    def _on_history(self, event: ev.HistoryFetched) -> None:
        if isinstance(event.candles, Known):
            self.bars.add(event.candles.value)

    def _on_snapshot(self, event: ev.SnapshotFetched) -> None:
        if isinstance(event.snapshot, Known):
            self._set_wallet(event.snapshot.value.wallet)
            for position in event.snapshot.value.positions:
                self._set_position(position)

    def _on_trade(self, effect: RecordTrade) -> None:
        if self.trades.add(effect.trade):
            self.paths.end(effect.trade)

    def _set_wallet(self, wallet: WalletReport) -> None:
        self.wallet = wallet

    def _set_position(self, position: PositionReport) -> None:
        self.reported[position.symbol] = position

    def _set_storage(self, trouble: str) -> None:
        self.storage_trouble = trouble

    def _set_document(self, document: StateDocument) -> None:
        self.document = document

    def _note_equity(self, now_ms: int, equity: Decimal) -> None:
        """Keep a point where equity changed; where there are too many, every second one goes."""
        if self.equity and (self.equity[-1][1] == equity or self.equity[-1][0] >= now_ms):
            return
        self.equity.append((now_ms, equity))
        if len(self.equity) > _MOST_EQUITY:
            del self.equity[1:-1:2]
