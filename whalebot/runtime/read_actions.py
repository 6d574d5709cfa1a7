"""What the lanes that read do with each question to the venue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from whalebot.domain.effects import (
    FetchBookings,
    FetchClosings,
    FetchExecutions,
    FetchHistory,
    FetchSnapshot,
    LookUpOrder,
)
from whalebot.domain.errors import AuthError, RateLimited, TransportError, VenueFatal, VenueRefused
from whalebot.domain.events import (
    BookingsFetched,
    ClosingsFetched,
    Event,
    ExecutionsFetched,
    Filled,
    HistoryFetched,
    InstrumentsFetched,
    LookUpVerdict,
    OrderLookedUp,
    SnapshotFetched,
)
from whalebot.domain.known import Answer, Known, Unknown
from whalebot.ports import AccountReader, Clock, HistorySource
from whalebot.runtime.pool import Job

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Readers:
    """What one read worker asks with."""

    account: AccountReader
    history: HistorySource


class ReadActions:
    """Makes the jobs of the lanes that read. A question that fails is answered Unknown, never with nothing.

    `symbols` are the configured ones; `on_fatal` hears of a refused key or account.
    """

    def __init__(self, clock: Clock, symbols: Sequence[str], on_fatal: Callable[[Exception], None]) -> None:
        self._clock = clock
        self._symbols = tuple(symbols)
        self._on_fatal = on_fatal

    def look_up(self, effect: LookUpOrder) -> Job[Readers]:
        """Ask what became of an order; its fills are told before the verdict."""
        asked_ms = self._clock.now_ms()
        unanswered = partial(self._unanswered, effect, asked_ms)
        return Job(f"look up {effect.order_link_id}", partial(self._look_up, effect), unanswered, unanswered)

    def snapshot(self, effect: FetchSnapshot) -> Job[Readers]:
        """Ask for positions, orders and wallet."""
        return self._question(
            f"snapshot {effect.request_no}",
            lambda readers: readers.account.snapshot(),
            lambda answer: SnapshotFetched(effect.request_no, answer, self._clock.now_ms()),
        )

    def executions(self, effect: FetchExecutions) -> Job[Readers]:
        """Ask for fills and funding of a symbol."""
        return self._question(
            f"executions {effect.symbol}",
            lambda readers: tuple(readers.account.executions(effect.symbol, effect.since_ms)),
            lambda answer: ExecutionsFetched(effect.symbol, effect.since_ms, answer, self._clock.now_ms()),
        )

    def closings(self, effect: FetchClosings) -> Job[Readers]:
        """Ask what closing orders of a symbol took away."""
        return self._question(
            f"closings {effect.symbol}",
            lambda readers: tuple(readers.account.closings(effect.symbol, effect.since_ms)),
            lambda answer: ClosingsFetched(effect.symbol, effect.since_ms, answer, self._clock.now_ms()),
        )

    def bookings(self, effect: FetchBookings) -> Job[Readers]:
        """Ask for changes of the cash balance."""
        return self._question(
            f"bookings {effect.request_no}",
            lambda readers: tuple(readers.account.bookings(effect.since_ms, effect.until_ms)),
            lambda answer: BookingsFetched(effect.request_no, answer, self._clock.now_ms()),
        )

    def history(self, effect: FetchHistory) -> Job[Readers]:
        """Ask for closed bars."""
        return self._question(
            f"history {effect.symbol} {effect.interval}",
            lambda readers: tuple(
                readers.history.candles(
                    effect.symbol, effect.interval, effect.start_ms, effect.end_ms, effect.limit
                )
            ),
            lambda answer: HistoryFetched(
                effect.symbol,
                effect.interval,
                answer,
                self._clock.now_ms(),
                effect.start_ms,
                effect.end_ms,
            ),
        )

    def instruments(self) -> Job[Readers]:
        """Ask for the order rules of all configured symbols."""
        return self._question(
            "instruments",
            lambda readers: tuple(readers.history.instruments(self._symbols)),
            lambda answer: InstrumentsFetched(answer, self._clock.now_ms()),
        )

    def _question(
        self, what: str, ask: Callable[[Readers], T], make_event: Callable[[Answer[T]], Event]
    ) -> Job[Readers]:
        def run(readers: Readers) -> Iterator[Event]:
            yield make_event(self._answer(partial(ask, readers)))

        def unknown(reason: str) -> Iterator[Event]:
            yield make_event(Unknown(reason))

        return Job(what, run, unknown, unknown)

    def _answer(self, ask: Callable[[], T]) -> Answer[T]:
        asked_ms = self._clock.now_ms()
        try:
            return Known(ask(), asked_ms)
        except (AuthError, VenueFatal) as error:
            self._on_fatal(error)
            return Unknown(str(error))
        except (VenueRefused, RateLimited, TransportError) as error:
            return Unknown(str(error))

    def _look_up(self, effect: LookUpOrder, readers: Readers) -> Iterator[Event]:
        symbol, link_id = effect.symbol, effect.order_link_id
        answer = self._answer(lambda: readers.account.order_by_link_id(symbol, link_id))
        if isinstance(answer, Unknown):
            yield from self._unanswered(effect, self._clock.now_ms(), answer.reason)
            return
        asked_ms, order = answer.asked_ms, answer.value
        if order is None:
            now_ms = self._clock.now_ms()
            yield OrderLookedUp(link_id, LookUpVerdict.ABSENT, None, asked_ms, "", now_ms)
            return
        fills = self._answer(lambda: readers.account.executions_of_order(symbol, link_id))
        if isinstance(fills, Unknown):
            yield from self._unanswered(effect, asked_ms, fills.reason)
            return
        for execution in fills.value:
            yield Filled(execution, self._clock.now_ms())
        yield OrderLookedUp(link_id, LookUpVerdict.FOUND, order, asked_ms, "", self._clock.now_ms())

    def _unanswered(self, effect: LookUpOrder, asked_ms: int, reason: str) -> Iterator[Event]:
        now_ms = self._clock.now_ms()
        yield OrderLookedUp(effect.order_link_id, LookUpVerdict.UNANSWERED, None, asked_ms, reason, now_ms)
