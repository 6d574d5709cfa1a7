"""Carries the engine's effects out on worker threads; results come back through the inbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from whalebot.domain.effects import (
    Alert,
    AmendStop,
    CancelOrder,
    Effect,
    FetchBookings,
    FetchClosings,
    FetchExecutions,
    FetchHistory,
    FetchInstruments,
    FetchSnapshot,
    LookUpOrder,
    Persist,
    RecallEntries,
    RecordTrade,
    Resubscribe,
    SetLeverage,
    SubmitOrder,
)
from whalebot.domain.errors import BugError
from whalebot.ports import Clock, MarketStreams, Notifier, OrderGateway, StateStore, TradeStore
from whalebot.runtime.order_actions import OrderActions, RetCodes
from whalebot.runtime.pool import Job, ResultSink, TroubleSink, WorkerHealth, WorkerPool
from whalebot.runtime.read_actions import ReadActions, Readers
from whalebot.runtime.saving import DocumentSave, HistoryWriter, NewestDocument, StorageHealth

_STORAGE: Final = "storage"


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """How many workers each lane has."""

    order_workers: int = 3
    exit_workers: int = 3
    read_workers: int = 2
    history_workers: int = 2


@dataclass(frozen=True, slots=True)
class LanePorts:
    """What the lanes work with. The factories are called once in each worker thread."""

    make_gateway: Callable[[], OrderGateway]
    make_readers: Callable[[], Readers]
    states: StateStore
    trades: TradeStore
    notifier: Notifier
    streams: MarketStreams


class Lanes:
    """The workers behind the loop. `dispatch_all` belongs to the loop's thread and never blocks.

    Effects of one symbol that change something at the venue are carried out in order, each order and each
    stop only after the state document that names it is on disk. Exits have workers of their own, so that
    none waits behind a request that hangs, not even behind an earlier exit of its symbol; what is ordered
    together with an exit of its symbol follows it there. Bars and order rules, which may be asked for by the
    hundred, have workers of their own too: no question about the account waits behind them.
    """

    def __init__(
        self,
        ports: LanePorts,
        symbols: Sequence[str],
        sink: ResultSink,
        clock: Clock,
        on_trouble: TroubleSink,
        codes: RetCodes | None = None,
        settings: LaneSettings | None = None,
    ) -> None:
        """on_trouble: hears of exceptions nobody expected and of AuthError and VenueFatal, on any thread."""
        self._ports = ports
        self._storage_health = StorageHealth(clock, sink.put)
        self._newest = NewestDocument(ports.states, self._storage_health)
        self._recorder = HistoryWriter(ports.trades, self._storage_health, clock)
        on_fatal = partial(_report_from_here, on_trouble)
        self._order_actions = OrderActions(clock, codes or RetCodes(), on_fatal)
        self._read_actions = ReadActions(clock, symbols, on_fatal)
        count = settings or LaneSettings()
        make_gateway, make_readers = ports.make_gateway, ports.make_readers
        self._orders = WorkerPool("orders", count.order_workers, make_gateway, sink, on_trouble)
        self._exits = WorkerPool("exits", count.exit_workers, make_gateway, sink, on_trouble)
        self._reads = WorkerPool("reads", count.read_workers, make_readers, sink, on_trouble)
        self._history = WorkerPool("history", count.history_workers, make_readers, sink, on_trouble)
        self._storage: WorkerPool[tuple[()]] = WorkerPool(_STORAGE, 1, lambda: (), sink, on_trouble)
        self._routes: dict[type, Callable[[Any], None]] = {
            LookUpOrder: lambda e: self._read(e.order_link_id, self._read_actions.look_up(e)),
            FetchSnapshot: lambda e: self._read("account", self._read_actions.snapshot(e)),
            FetchExecutions: lambda e: self._read(e.symbol, self._read_actions.executions(e)),
            FetchClosings: lambda e: self._read(e.symbol, self._read_actions.closings(e)),
            FetchBookings: lambda e: self._read("bookings", self._read_actions.bookings(e)),
            FetchHistory: lambda e: self._history.submit(
                f"{e.symbol} {e.interval}", self._read_actions.history(e)
            ),
            FetchInstruments: lambda e: self._history.submit("instruments", self._read_actions.instruments()),
            RecallEntries: lambda e: self._order_actions.recall(e.order_link_ids),
            RecordTrade: self._record,
            Resubscribe: lambda e: ports.streams.resubscribe_book(e.symbol),
            Alert: lambda e: ports.notifier.send(e.level, e.title, e.text, e.kind),
        }

    def start(self) -> None:
        """Start all workers."""
        for pool in self._pools():
            pool.start()

    def dispatch_all(self, effects: Iterable[Effect]) -> None:
        """Hand over the effects of one event, in order.

        A Persist belongs to the orders and stops after it in the same list; without one it is written when
        the disk has time, the newest only. Raises BugError for an effect that no lane carries out.
        """
        effects = list(effects)
        save: DocumentSave | None = None
        unclaimed: Persist | None = None
        orders = [e.intent for e in effects if isinstance(e, SubmitOrder)]
        leaving = {intent.symbol for intent in orders if intent.reduce_only}
        several = {s for s in leaving if sum(intent.symbol == s for intent in orders) > 1}
        for effect in effects:
            if isinstance(effect, Persist):
                unclaimed = effect
                save = DocumentSave(effect.document, self._ports.states, self._storage_health)
            elif isinstance(effect, SubmitOrder):
                unclaimed = None
                job = self._order_actions.submit(effect.intent, save)
                symbol = effect.intent.symbol
                if symbol in leaving:
                    # An exit alone waits for none before it: that one's request may hang.
                    key = symbol if symbol in several else effect.intent.order_link_id
                    self._exits.submit(key, job)
                else:
                    self._orders.submit(symbol, job)
            elif isinstance(effect, CancelOrder):
                self._orders.submit(effect.symbol, self._order_actions.cancel(effect))
            elif isinstance(effect, AmendStop):
                unclaimed = None
                self._orders.submit(effect.symbol, self._order_actions.amend_stop(effect, save))
            elif isinstance(effect, SetLeverage):
                self._orders.submit(effect.symbol, self._order_actions.set_leverage(effect))
            else:
                self._route(effect)
        if unclaimed is not None:
            self._persist(unclaimed)

    def drain(self, timeout_s: float) -> bool:
        """Wait until every worker is idle; False when the time ran out."""
        deadline_s = time.monotonic() + timeout_s
        return all(pool.drain(max(0.0, deadline_s - time.monotonic())) for pool in self._pools())

    def flush_storage(self, timeout_s: float) -> bool:
        """Wait until all that was to be written is written; False when the time ran out."""
        return self._storage.drain(timeout_s)

    def stop(self, timeout_s: float) -> bool:
        """Stop all workers; False when one is still busy after that time."""
        deadline_s = time.monotonic() + timeout_s
        ended = [pool.stop(max(0.0, deadline_s - time.monotonic())) for pool in self._pools()]
        return all(ended)

    def health(self) -> tuple[WorkerHealth, ...]:
        """Return what each worker is at. Any thread."""
        return tuple(worker for pool in self._pools() for worker in pool.health())

    def waiting(self) -> int:
        """Return how many jobs have not started yet. Any thread."""
        return sum(pool.waiting for pool in self._pools())

    def waiting_by_lane(self) -> tuple[tuple[str, int], ...]:
        """Return how many jobs of each lane have not started yet. Any thread."""
        return tuple((pool.name, pool.waiting) for pool in self._pools())

    def threads(self) -> tuple[threading.Thread, ...]:
        """Return all worker threads, for whoever watches over threads."""
        return tuple(thread for pool in self._pools() for thread in pool.threads())

    def _pools(self) -> tuple[WorkerPool[Any], ...]:
        return (self._orders, self._exits, self._reads, self._history, self._storage)

    def _read(self, key: str, job: Job[Readers]) -> None:
        self._reads.submit(key, job)

    def _route(self, effect: Effect) -> None:
        carry_out = self._routes.get(type(effect))
        if carry_out is None:
            raise BugError(f"no lane carries out {type(effect).__name__}")
        carry_out(effect)

    def _persist(self, effect: Persist) -> None:
        if self._newest.offer(effect.document):
            what, lost = f"save state {effect.document.revision}", self._newest.lost
            self._storage.submit(
                _STORAGE, Job(what, lambda _: self._newest.write(), lost, lost, counted=False)
            )

    def _record(self, effect: RecordTrade) -> None:
        trade = effect.trade
        lost = self._recorder.lost
        job: Job[tuple[()]] = Job(
            f"record {trade.trade_id}", lambda _: self._recorder.append(trade), lost, lost
        )
        self._storage.submit(_STORAGE, job)


def _report_from_here(on_trouble: TroubleSink, error: BaseException) -> None:
    on_trouble(threading.current_thread().name, error)
