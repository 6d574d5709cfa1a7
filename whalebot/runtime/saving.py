"""Writing to disk from lanes: one save shared by the orders that need it, and when writing works again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

from whalebot.domain.errors import BugError
from whalebot.domain.events import Event, StorageFailed, StorageRecovered, TradeRecorded
from whalebot.domain.state import StateDocument
from whalebot.domain.trade import ClosedTrade
from whalebot.ports import Clock, StateStore, TradeStore

_log = logging.getLogger(__name__)
_STATE = "state"
_HISTORY = "trade history"


class StorageHealth:
    """Remembers which writes fail, and tells what changes. Any thread.

    `tell` must return at once: it is called under the lock, so that what is heard last is what holds.
    """

    def __init__(self, clock: Clock, tell: Callable[[Event], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._lock = threading.Lock()
        self._failing: set[str] = set()
        self._hanging: threading.Thread | None = None

    @property
    def is_hanging(self) -> bool:
        """True while a write that was given up on has not come back."""
        with self._lock:
            return self._hanging is not None and self._hanging.is_alive()

    def hangs(self, writer: threading.Thread) -> None:
        """Note a thread that was left behind in a write."""
        with self._lock:
            self._hanging = writer

    def failed(self, what: str, reason: Exception | str) -> None:
        """Note a failed write."""
        text = reason if isinstance(reason, str) else f"{type(reason).__name__}: {reason}"
        with self._lock:
            self._failing.add(what)
            self._tell(StorageFailed(what, text, self._clock.now_ms()))

    def worked(self, what: str) -> None:
        """Note a write that worked; says so where it was the last one that had failed."""
        with self._lock:
            if what not in self._failing:
                return
            self._failing.discard(what)
            if not self._failing:
                self._tell(StorageRecovered(self._clock.now_ms()))


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

    def ensure(self, within_s: float | None = None) -> str:
        """Save unless that was tried before. Returns what is wrong, "" if it is durable.

        within_s: how long to wait for a disk that hangs, None for as long as it takes. The save goes on.
        """
        answer = self._try() if within_s is None else self._try_within(within_s)
        if answer is None:
            text = f"the disk has not answered for {within_s:g} s"
            self._health.failed(_STATE, text)
            return text
        is_first, error = answer
        if is_first and error is None:
            self._health.worked(_STATE)
        elif error is not None:
            self._health.failed(_STATE, error)
        return self._problem or ""

    def _try_within(self, limit_s: float) -> tuple[bool, Exception | None] | None:
        if self._health.is_hanging:
            # One thread is left behind, not one for each that wants to write.
            return None
        answers: list[tuple[bool, Exception | None]] = []
        # A thread that hangs in a system call cannot be called back: it is left behind.
        thread = threading.Thread(target=lambda: answers.append(self._try()), name="save", daemon=True)
        thread.start()
        thread.join(limit_s)
        if not answers:
            self._health.hangs(thread)
            return None
        return answers[0]

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
    problem = DocumentSave(document, store, StorageHealth(clock, _nobody_hears)).ensure(limit_s)
    if problem:
        _log.error("the last state of this run is not on disk: %s", problem)
    return not problem


def _nobody_hears(_: Event) -> None:
    """The loop has ended."""


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

    def write(self) -> tuple[Event, ...]:
        """Save what was offered last. How that went is told by the health of the storage."""
        with self._lock:
            document, self._pending = self._pending, None
        if document is not None:
            DocumentSave(document, self._store, self._health).ensure()
        return ()

    def lost(self, reason: str) -> tuple[Event, ...]:
        """Tell that the write did not happen; the next document asks for one again."""
        with self._lock:
            self._pending = None
        self._health.failed(_STATE, reason)
        return ()


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
            self._health.failed(_HISTORY, error)
            return
        yield TradeRecorded(trade.trade_id, self._clock.now_ms(), trade if is_new else None)
        self._health.worked(_HISTORY)

    def lost(self, reason: str) -> tuple[Event, ...]:
        """Tell that a trade was not written."""
        self._health.failed(_HISTORY, reason)
        return ()
