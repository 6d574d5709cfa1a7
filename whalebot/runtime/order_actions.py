"""What an order lane does with each effect that changes something at the venue."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from functools import partial
from typing import Final

from whalebot.domain.effects import AmendStop, CancelOrder, SetLeverage
from whalebot.domain.errors import AuthError, NotSent, RateLimited, TransportError, VenueFatal, VenueRefused
from whalebot.domain.events import (
    Event,
    LeverageAnswered,
    OrderAccepted,
    OrderRefused,
    OutcomeUnknown,
    Refusal,
    StopAmended,
)
from whalebot.domain.orders import OrderIntent
from whalebot.ports import Clock, OrderGateway
from whalebot.runtime.pool import Job
from whalebot.runtime.saving import DocumentSave

_log = logging.getLogger(__name__)

# These say nothing about the request itself: the same one may pass a moment later.
_PASSING: Final = frozenset({Refusal.RATE_LIMITED, Refusal.RETRY_LATER, Refusal.MAINTENANCE})

LATEST_LEAVE_MS: Final = 5_000
"""An order that could not leave for so long (a lane that hung, a machine that slept) is not sent any more.

The price of an entry has gone by then, and an exit may count as never arrived, with another in its place.
"""
EXIT_WAITS_S: Final = 1.0
"""So long an exit or a stop waits for a disk that hangs; one that fails says so at once."""


def rejected(_: VenueRefused) -> Refusal:
    """Know nothing about the venue's refusals."""
    return Refusal.REJECTED


@dataclass(frozen=True, slots=True)
class RetCodes:
    """What the venue's refusals mean: `kind_of` tells the kind of one.

    `arrived` holds the codes which say that an order with that link id exists already: then the first
    request had arrived, and the venue must be asked for its fate.
    """

    kind_of: Callable[[VenueRefused], Refusal] = rejected
    arrived: Set[int] = frozenset()


class OrderActions:
    """Makes the jobs of the order lanes. `on_fatal` hears of a refused key or account."""

    def __init__(self, clock: Clock, codes: RetCodes, on_fatal: Callable[[Exception], None]) -> None:
        self._clock = clock
        self._codes = codes
        self._on_fatal = on_fatal
        self._recalled: frozenset[str] = frozenset()

    def recall(self, link_ids: Iterable[str]) -> None:
        """Let none of these entries leave that has not left yet. Any thread.

        Replaces those recalled before: what was recalled then and still waits is in flight and named again.
        """
        self._recalled = frozenset(link_ids)

    def submit(self, intent: OrderIntent, save: DocumentSave | None) -> Job[OrderGateway]:
        """Place an order after its document is on disk; reduce-only orders leave even if that fails.

        An entry's age counts from its decision, an exit's from here: a loop that lags must not stop exits.
        """
        link_id, queued_ms = intent.order_link_id, self._clock.now_ms()
        return Job(
            what=f"submit {link_id}",
            run=partial(self._submit, intent, save, queued_ms),
            lost=lambda reason: [OutcomeUnknown(link_id, reason, self._clock.now_ms())],
            skipped=lambda reason: [self._refused(link_id, Refusal.NOT_SENT, 0, reason)],
        )

    def cancel(self, effect: CancelOrder) -> Job[OrderGateway]:
        """Cancel an order; what became of it comes by the private stream."""
        return Job(f"cancel {effect.order_link_id}", partial(self._cancel, effect), _nothing, _nothing)

    def amend_stop(self, effect: AmendStop, save: DocumentSave | None = None) -> Job[OrderGateway]:
        """Set stop and target of a position after the document is on disk, or cannot be written."""
        unknown = partial(self._stop_answer, effect, False, False, 0)
        return Job(
            what=f"stop {effect.symbol} {effect.stop_loss}",
            run=partial(self._amend_stop, effect, save),
            lost=lambda reason: [unknown(reason)],
            skipped=lambda reason: [unknown(reason)],
        )

    def set_leverage(self, effect: SetLeverage) -> Job[OrderGateway]:
        """Set the leverage of a symbol."""
        failed = partial(self._leverage_answer, effect, False)
        return Job(
            what=f"leverage {effect.symbol} {effect.leverage}",
            run=partial(self._set_leverage, effect),
            lost=lambda reason: [failed(reason)],
            skipped=lambda reason: [failed(reason)],
        )

    def _submit(
        self, intent: OrderIntent, save: DocumentSave | None, queued_ms: int, gateway: OrderGateway
    ) -> Iterator[Event]:
        if intent.reduce_only and (late := self._late(queued_ms)):
            yield self._refused(intent.order_link_id, Refusal.NOT_SENT, 0, late)
            return
        problem = "no state document came with it"
        if save is not None:
            problem = save.ensure(EXIT_WAITS_S if intent.reduce_only else None)
            if not problem and not save.holds(intent.order_link_id):
                problem = "its intent is not in the state document"
        if not intent.reduce_only:
            problem = problem or self._late(intent.sent_ms)
            if intent.order_link_id in self._recalled:
                problem = "it was recalled before it left"
        if problem and not intent.reduce_only:
            yield self._refused(intent.order_link_id, Refusal.NOT_SENT, 0, problem)
            return
        if problem:
            _log.warning("%s: reduce-only order sent although %s", intent.order_link_id, problem)
        yield self._send(intent, gateway)

    def _late(self, since_ms: int) -> str:
        """Return why an order that has waited since then must not leave any more, empty where it may."""
        waited_ms = self._clock.now_ms() - since_ms
        return f"it waited {waited_ms} ms to leave" if waited_ms > LATEST_LEAVE_MS else ""

    def _send(self, intent: OrderIntent, gateway: OrderGateway) -> Event:
        link_id = intent.order_link_id
        try:
            order_id = gateway.submit(intent)
        except VenueRefused as error:
            if error.ret_code in self._codes.arrived:
                return OutcomeUnknown(link_id, str(error), self._clock.now_ms())
            kind = self._codes.kind_of(error)
            return self._refused(link_id, kind, error.ret_code, error.message)
        except RateLimited as error:
            return self._refused(link_id, Refusal.RATE_LIMITED, 0, str(error))
        except NotSent as error:
            return self._refused(link_id, Refusal.NOT_SENT, 0, str(error))
        except (AuthError, VenueFatal) as error:
            self._on_fatal(error)
            kind = Refusal.AUTH if isinstance(error, AuthError) else Refusal.REJECTED
            return self._refused(link_id, kind, 0, str(error))
        except TransportError as error:
            return OutcomeUnknown(link_id, str(error), self._clock.now_ms())
        return OrderAccepted(link_id, order_id, self._clock.now_ms())

    def _cancel(self, effect: CancelOrder, gateway: OrderGateway) -> Iterator[Event]:
        try:
            gateway.cancel(effect.symbol, effect.order_link_id)
        except (VenueRefused, RateLimited, NotSent, TransportError) as error:
            _log.warning("%s: cancel of %s failed: %s", effect.symbol, effect.order_link_id, error)
        except (AuthError, VenueFatal) as error:
            self._on_fatal(error)
        yield from ()

    def _amend_stop(
        self, effect: AmendStop, save: DocumentSave | None, gateway: OrderGateway
    ) -> Iterator[Event]:
        problem = "" if save is None else save.ensure(EXIT_WAITS_S)
        if problem:
            _log.warning("%s: stop %s sent although %s", effect.symbol, effect.stop_loss, problem)
        try:
            gateway.amend_stop(effect)
        except VenueRefused as error:
            refused = self._codes.kind_of(error) not in _PASSING
            yield self._stop_answer(effect, False, refused, error.ret_code, error.message)
        except (RateLimited, NotSent, TransportError) as error:
            yield self._stop_answer(effect, False, False, 0, str(error))
        except (AuthError, VenueFatal) as error:
            self._on_fatal(error)
            yield self._stop_answer(effect, False, False, 0, str(error))
        else:
            yield self._stop_answer(effect, True, False, 0, "")

    def _set_leverage(self, effect: SetLeverage, gateway: OrderGateway) -> Iterator[Event]:
        try:
            gateway.set_leverage(effect.symbol, effect.leverage)
        except (VenueRefused, RateLimited, NotSent, TransportError) as error:
            yield self._leverage_answer(effect, False, str(error))
        except (AuthError, VenueFatal) as error:
            self._on_fatal(error)
            yield self._leverage_answer(effect, False, str(error))
        else:
            yield self._leverage_answer(effect, True, "")

    def _refused(self, link_id: str, kind: Refusal, ret_code: int, reason: str) -> Event:
        return OrderRefused(link_id, kind, ret_code, reason, self._clock.now_ms())

    def _stop_answer(self, effect: AmendStop, done: bool, refused: bool, ret_code: int, reason: str) -> Event:
        now_ms = self._clock.now_ms()
        return StopAmended(effect.symbol, effect.request_no, done, refused, ret_code, reason, now_ms)

    def _leverage_answer(self, effect: SetLeverage, done: bool, reason: str) -> Event:
        return LeverageAnswered(effect.symbol, effect.leverage, done, reason, self._clock.now_ms())


def _nothing(_: str) -> tuple[Event, ...]:
    return ()
