"""Who is told of which signal, and how often: a policy, and a thread that delivers."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, Protocol, TypeAlias

from whalebot.decisions.scan.evaluation import Confidence
from whalebot.decisions.scan.record import SignalRecord
from whalebot.domain.enums import Level
from whalebot.domain.errors import WhalebotError
from whalebot.scanner.options import AlertOptions

CAPACITY: Final = 100
_MINUTE_MS: Final = 60_000
_DEFAULT_TEMPLATE: Final = (
    "{signal_type} {symbol} ({interval}) {event}: entry {entry_price}, stop {stop_loss}, "
    "target {take_profit}, score {normalized_score}, {confidence}\n{rationale}"
)
_log = logging.getLogger("whalebot.scanner.alerts")

Body: TypeAlias = Mapping[str, Any]
"""What is posted as JSON: a record, a digest of folded ones, or a sample."""


class Verdict(Enum):
    """What becomes of a record."""

    SEND = "send"
    FOLD = "fold"
    NONE = "none"


class AlertPolicy:
    """Decides on each record by its own merits and by what was sent before. One thread. Times ms UTC."""

    def __init__(self, options: AlertOptions) -> None:
        self._options = options
        self._last: dict[tuple[str, str], int] = {}
        self._sent: deque[int] = deque()

    def judge(self, record: SignalRecord, now_ms: int) -> Verdict:
        """Return whether to send a record, to fold it into the next digest, or neither."""
        options = self._options
        least = Confidence(options.min_confidence).rank
        if (
            record.event not in options.events
            or Confidence(record.confidence).rank < least
            or abs(record.score) < options.min_abs_score
            or (options.symbols and record.symbol not in options.symbols)
            or self._is_quiet(now_ms)
        ):
            return Verdict.NONE
        key = (record.symbol, record.signal_type)
        last = self._last.get(key)
        if last is not None and now_ms - last < options.cooldown_seconds * 1000:
            return Verdict.NONE
        self._last[key] = now_ms
        while self._sent and now_ms - self._sent[0] >= _MINUTE_MS:
            self._sent.popleft()
        if len(self._sent) >= options.max_per_minute:
            return Verdict.FOLD
        self._sent.append(now_ms)
        return Verdict.SEND

    def has_room(self, now_ms: int) -> bool:
        """Tell whether a digest of what was folded may be sent."""
        return not self._sent or now_ms - self._sent[0] >= _MINUTE_MS

    def _is_quiet(self, now_ms: int) -> bool:
        at = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%H:%M")
        for start, end in self._options.quiet_hours:
            if (start <= at < end) if start < end else (at >= start or at < end):
                return True
        return False


class Hook(Protocol):
    """A receiver of whole records."""

    @property
    def name(self) -> str:
        """Name of the channel in the log."""
        ...

    def post(self, body: bytes) -> None:
        """Deliver one body. Raises TransportError."""
        ...


class ScanAlerts:
    """Takes records at once, delivers them on a thread of its own; the oldest gives way to the newest.

    `hooks` get the record as JSON, `tell` a title and a text for people. `lost` counts what was dropped or
    not taken.
    """

    def __init__(
        self,
        options: AlertOptions,
        hooks: Sequence[Hook],
        tell: Callable[[Level, str, str], None] | None,
        now_ms: Callable[[], int],
        mask: Callable[[str], str] = str,
    ) -> None:
        self.lost = 0
        self.delivered = 0
        self._options = options
        self._policy = AlertPolicy(options)
        self._hooks = tuple(hooks)
        self._tell = tell
        self._now_ms = now_ms
        self._mask = mask
        self._folded: list[SignalRecord] = []
        self._waiting: deque[Body] = deque()
        self._ready = threading.Condition()
        self._halted = False
        self._is_busy = False
        self._thread = threading.Thread(target=self._work, name="scan-alerts", daemon=True)
        self._thread.start()

    def offer(self, record: SignalRecord) -> None:
        """Send a record where the policy lets it pass; returns at once. One thread."""
        now_ms = self._now_ms()
        verdict = self._policy.judge(record, now_ms)
        if verdict is Verdict.FOLD:
            self._folded.append(record)
        elif verdict is Verdict.SEND:
            self._send_folded()
            self.send(record.as_json())

    def tick(self) -> None:
        """Send what was folded once there is room; called now and then by the thread that offers."""
        if self._folded and self._policy.has_room(self._now_ms()):
            self._send_folded()

    def send(self, body: Body) -> None:
        """Queue what is to be posted, past the policy."""
        with self._ready:
            if len(self._waiting) >= CAPACITY:
                self._waiting.popleft()
                self.lost += 1
            self._waiting.append(body)
            self._ready.notify()

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until nothing is queued or being delivered; False where that took too long."""
        with self._ready:
            return self._ready.wait_for(lambda: not self._waiting and not self._is_busy, timeout_s)

    def stop(self, timeout_s: float = 0.5) -> None:
        """End the thread; what a hanging channel has not taken is given up."""
        with self._ready:
            self._halted = True
            self._ready.notify()
        self._thread.join(timeout_s)

    def _send_folded(self) -> None:
        if not self._folded:
            return
        folded, self._folded = self._folded, []
        lines = [f"{one.signal_type} {one.symbol} {one.score:.2f}" for one in folded]
        self.send({"event": "digest", "count": len(folded), "signals": lines})

    def _work(self) -> None:
        while True:
            with self._ready:
                self._is_busy = False
                self._ready.notify_all()
                self._ready.wait_for(lambda: self._waiting or self._halted)
                if self._halted and not self._waiting:
                    return
                if self._halted:
                    self.lost += len(self._waiting)
                    return
                body = self._waiting.popleft()
                self._is_busy = True
            self._deliver(body)

    def _deliver(self, body: Body) -> None:
        data = self._mask(json.dumps(body, ensure_ascii=False)).encode()
        for hook in self._hooks:
            try:
                hook.post(data)
                self.delivered += 1
            except WhalebotError as error:
                self.lost += 1
                _log.warning("alert not delivered: %s", error)
            except Exception:  # noqa: BLE001  root of the alerts' thread: no channel may end it
                self.lost += 1
                _log.exception("alert not delivered by %s", hook.name)
        if self._tell is not None:
            level = Level.CRITICAL if body.get("confidence") == Confidence.HIGH.value else Level.WARNING
            title, text = words(body, self._options.template)
            self._tell(level, self._mask(title), self._mask(text))


def words(body: Body, template: str) -> tuple[str, str]:
    """Return title and text of a body for people; an unknown name in the template stands as it is."""
    if body.get("event") == "digest":
        return f"{body['count']} more signals", "\n".join(body["signals"])
    text = template or _DEFAULT_TEMPLATE
    for name, value in body.items():
        shown = f"{value:.4g}" if name == "normalized_score" else "–" if value is None else f"{value}"
        text = text.replace("{" + name + "}", shown)
    return f"{body['signal_type']} {body['symbol']} ({body['interval']})", text
