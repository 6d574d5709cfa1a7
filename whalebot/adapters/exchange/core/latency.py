"""When the venue works on a command that was sent: at once, after a while, or after the next price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Latency(Protocol):
    """Delays commands."""

    def due_ms(self, sent_ms: int) -> int | None:
        """Return the time at which a command sent at `sent_ms` is worked on.

        None: right after the next price point of the command's symbol (stops are tested on it first).
        """


@dataclass(frozen=True, slots=True)
class NoLatency:
    """Commands are worked on at once."""

    def due_ms(self, sent_ms: int) -> int | None:
        """Return `sent_ms`."""
        return sent_ms


@dataclass(frozen=True, slots=True)
class ConstantLatency:
    """Commands take `delay_ms` to arrive: inputs up to that moment come first."""

    delay_ms: int

    def due_ms(self, sent_ms: int) -> int | None:
        """Return `sent_ms` + `delay_ms`."""
        return sent_ms + self.delay_ms


@dataclass(frozen=True, slots=True)
class NextPoint:
    """Commands fill at the next price point: decided on a bar's close, filled at the next bar's open."""

    def due_ms(self, sent_ms: int) -> int | None:
        """Return None."""
        return None
