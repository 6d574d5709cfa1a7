"""Subscribe requests of one connection and their answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from whalebot.adapters.bybit import conventions as say
from whalebot.adapters.bybit.topics import is_essential, request_batches, symbol_of
from whalebot.adapters.bybit.wire import ControlFrame
from whalebot.domain.errors import TransportError

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Pending:
    topics: list[str]
    sent_s: float


class Subscriptions:
    """Sends requests, matches acknowledgements, splits a refused request to find the topic at fault.

    One bad topic makes the venue refuse a whole request; its halves are then asked for, until the topic at
    fault is known. It is left out (`refused`): one symbol that the venue serves no longer must not keep the
    others waiting. Where each symbol, or the account, lacks a topic that is needed, the connection ends.
    """

    def __init__(
        self,
        topics: Sequence[str],
        send: Callable[[dict[str, object]], None],
        now_s: Callable[[], float],
        is_needed: Callable[[str], bool] = is_essential,
    ) -> None:
        self._topics = topics
        self._is_needed = is_needed
        self._send = send
        self._now_s = now_s
        self._pending: dict[str, _Pending] = {}
        self._number = 0
        self._started = False
        self.refused: dict[str, str] = {}

    @property
    def complete(self) -> bool:
        """True when every topic was acknowledged, or refused and not needed."""
        return self._started and not self._pending

    def request_all(self) -> None:
        """Ask for every topic."""
        self._started = True
        for batch in request_batches(self._topics):
            self._request(batch)

    def renew(self, topic: str) -> None:
        """Drop one topic and ask for it again, which brings a snapshot."""
        if topic in self.refused:
            return
        self._number += 1
        self._send({"req_id": f"u{self._number}", "op": "unsubscribe", "args": [topic]})
        self._request([topic])

    def answer(self, frame: ControlFrame) -> None:
        """Take an answer to a subscribe request. Raises TransportError when nothing is left to trade with."""
        # The venue may leave the request id out; requests are answered in order.
        req_id = frame.req_id if frame.req_id in self._pending else next(iter(self._pending), None)
        if req_id is None or (frame.req_id and frame.req_id != req_id):
            return
        topics = self._pending.pop(req_id).topics
        if frame.success is not False or "already subscribed" in frame.ret_msg:
            return
        if len(topics) > 1:
            half = len(topics) // 2
            self._request(topics[:half])
            self._request(topics[half:])
            return
        reason = self.refused[topics[0]] = say.told(frame.ret_msg)
        if not self._is_needed(topics[0]):
            return
        if self._symbols(self._topics) == self._symbols(self.refused):
            raise TransportError(f"subscription of {topics[0]} refused: {reason}")
        _log.error("subscription of %s refused: %s; the other symbols go on", topics[0], reason)

    def is_pending(self, topic: str) -> bool:
        """Return whether a request with this topic waits for its answer."""
        return any(topic in pending.topics for pending in self._pending.values())

    def oldest_unanswered_s(self) -> float | None:
        """Return when the longest waiting request was sent; None when all are answered."""
        return min((pending.sent_s for pending in self._pending.values()), default=None)

    def _symbols(self, topics: Iterable[str]) -> set[str]:
        """Return the symbols of the needed topics; "" stands for the account's."""
        return {symbol_of(topic) for topic in topics if self._is_needed(topic)}

    def _request(self, topics: list[str]) -> None:
        self._number += 1
        req_id = f"s{self._number}"
        self._pending[req_id] = _Pending(topics, self._now_s())
        self._send({"req_id": req_id, "op": "subscribe", "args": topics})
