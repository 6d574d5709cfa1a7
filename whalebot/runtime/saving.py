"""Writing to disk from lanes: one save shared by the orders that need it, and when writing works again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

from whalebot.domain.errors import BugError
from whalebot.domain.events import Event, StorageFailed, StorageRecovered, TradeRecorded
from whalebot.domain.state import StateDocument
from whalebot.domain.trade import ClosedTrade
from whalebot.ports import Clock, StateStore, TradeStore

_log = logging.getLogger(__name__)
_STATE = "state"
_HISTORY = "trade history"


class StorageHealth:
    """Remembers which writes fail. Any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failing: set[str] = set()

    def failed(self, what: str, reason: Exception | str) -> Event:
        """Note a failed write."""
        with self._lock:
            self._failing.add(what)
        text = reason if isinstance(reason, str) else f"{type(reason).__name__}: {reason}"
        return StorageFailed(what, text, self._clock.now_ms())

    def worked(self, what: str) -> list[Event]:
        """Note a write that worked; says so where it was the last one that had failed."""
        with self._lock:
            if what not in self._failing:
                return []
            self._failing.discard(what)
            return [] if self._failing else [StorageRecovered(self._clock.now_ms())]


class DocumentSave:
    """One document to be saved at most once, by whichever lane comes first; the others wait for it."""

    def __init__(self, document: StateDocument, store: StateStore, health: StorageHealth) -> None:
        self._document = document
        self._store = store
        self._health = health
        self._lock = threading.Lock()
        self._problem: str | None = None
        self._link_ids = frozenset(m.intent.order_link_id for m in document.intents)

    def holds(self, order_link_id: str) -> bool:
        """True when the intent of that order is in the document."""
        return order_link_id in self._link_ids

    def ensure(self, within_s: float | None = None) -> tuple[str, list[Event]]:
        """Save unless that was tried before. Returns what is wrong ("" if durable) and what to tell.

        within_s: how long to wait for a disk that hangs, None for as long as it takes. The save goes on.
        """
        answer = self._try() if within_s is None else self._try_within(within_s)
        if answer is None:
            text = f"the disk has not answered for {within_s:g} s"
            return text, [self._health.failed(_STATE, text)]
        is_first, error = answer
        if not is_first:
            return self._problem or "", []
        if error is None:
            return "", self._health.worked(_STATE)
        return self._problem or "", [self._health.failed(_STATE, error)]

    def _try_within(self, limit_s: float) -> tuple[bool, Exception | None] | None:
        answers: list[tuple[bool, Exception | None]] = []
        # A thread that hangs in a system call cannot be called back: it is left behind.
        thread = threading.Thread(target=lambda: answers.append(self._try()), name="save", daemon=True)
        thread.start()
        thread.join(limit_s)
        return answers[0] if answers else None

    def _try(self) -> tuple[bool, Exception | None]:
        """Save; return whether nobody had tried before, and what went wrong."""
        with self._lock:
            if self._problem is not None:
                return False, None
            try:
                self._store.save(self._document)
            except (OSError, BugError) as error:
                self._problem = f"the state could not be saved: {error}"
                return True, error
            self._problem = ""
            return True, None


def save_last(document: StateDocument, store: StateStore, clock: Clock, limit_s: float) -> bool:
    """Save the document of a run that ends; False, and a line in the log, where the disk refuses or hangs."""
    problem, _ = DocumentSave(document, store, StorageHealth(clock)).ensure(limit_s)
    if problem:
        _log.error("the last state of this run is not on disk: %s", problem)
    return not problem


class NewestDocument:
    """The newest document nobody waits for; older ones it replaces need not be written."""

    def __init__(self, store: StateStore, health: StorageHealth) -> None:
        self._store = store
        self._health = health
        self._lock = threading.Lock()
        self._pending: StateDocument | None = None

    def offer(self, document: StateDocument) -> bool:
        """Take a document; True when nobody was asked yet to write."""
        with self._lock:
            is_first = self._pending is None
            self._pending = document
            return is_first

    def write(self) -> Iterator[Event]:
        """Save what was offered last."""
        with self._lock:
            document, self._pending = self._pending, None
        if document is not None:
            yield from DocumentSave(document, self._store, self._health).ensure()[1]

    def lost(self, reason: str) -> Iterator[Event]:
        """Tell that the write did not happen; the next document asks for one again."""
        with self._lock:
            self._pending = None
        yield self._health.failed(_STATE, reason)


class HistoryWriter:
    """Appends closed trades; what cannot be written stays with the engine."""

    def __init__(self, store: TradeStore, health: StorageHealth, clock: Clock) -> None:
        self._store = store
        self._health = health
        self._clock = clock

    def append(self, trade: ClosedTrade) -> Iterator[Event]:
        """Write one trade; a trade that is there already counts as written."""
        try:
            is_new = self._store.append(trade)
        except OSError as error:
            yield self._health.failed(_HISTORY, error)
            return
        yield TradeRecorded(trade.trade_id, self._clock.now_ms(), trade if is_new else None)
        yield from self._health.worked(_HISTORY)

    def lost(self, reason: str) -> Iterator[Event]:
        """Tell that a trade was not written."""
        yield self._health.failed(_HISTORY, reason)
