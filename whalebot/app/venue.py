"""What a mode must offer, and what every mode is built from."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from whalebot.adapters.metrics.snapshot import StreamFigures
from whalebot.app.run_options import RunOptions
from whalebot.app.setup import Setup
from whalebot.engine.settings import FeedSettings
from whalebot.ports import Clock, MarketStreams, OrderGateway
from whalebot.runtime.inbox import Inbox
from whalebot.runtime.read_actions import Readers


@dataclass(frozen=True, slots=True)
class VenueHealth:
    """The connections to a venue, and its answers other than success as (code, count). Empty in a replay."""

    streams: tuple[StreamFigures, ...] = ()
    api_errors: tuple[tuple[str, int], ...] = ()


class Venue(Protocol):
    """The outside of one mode. `start` begins to deliver events, `stop` ends every thread of it."""

    @property
    def feed(self) -> FeedSettings:
        """Facts about where events come from."""
        ...

    @property
    def streams(self) -> MarketStreams:
        """What the loop may ask of the streams."""
        ...

    @property
    def keeps_account(self) -> bool:
        """False where every run is a new account, so that nothing of an old one may be remembered."""
        ...

    def make_gateway(self) -> OrderGateway:
        """Return a gateway for the calling thread."""
        ...

    def make_readers(self) -> Readers:
        """Return readers for the calling thread."""
        ...

    def check(self, halted: threading.Event) -> None:
        """Make sure the account is the one meant. Raises AuthError, VenueFatal or ConfigError."""
        ...

    def start(self) -> None:
        """Open the streams."""
        ...

    def close_streams(self) -> bool:
        """End the streams; True when every thread of theirs has ended."""
        ...

    def stop(self) -> None:
        """Close everything else."""
        ...

    def threads(self) -> Iterable[threading.Thread]:
        """Return the threads that must live as long as the venue."""
        ...

    def data_ended(self) -> str:
        """Return that the data has ended, "" while more may come."""
        ...

    def broken(self) -> str:
        """Return what broke for good, "" while it works."""
        ...

    def health(self) -> VenueHealth:
        """Return the state of the connections. Any thread."""
        ...


@dataclass(frozen=True, slots=True)
class VenueParts:
    """What every venue is built from. `fence` raises NotSent where a write must not leave. Any thread."""

    setup: Setup
    inbox: Inbox
    clock: Clock
    say: Callable[[str], None]
    options: RunOptions
    fence: Callable[[], None]
