"""Waits for the venue's first answer, no longer than the daemon is wanted."""

from __future__ import annotations

import threading
from typing import Final

from whalebot.app.venue import Venue

_LOOK_S: Final = 0.1


class VenueCheck:
    """Runs `venue.check` on a thread of its own, since a read of a silent venue lasts seconds."""

    def __init__(self, venue: Venue, halted: threading.Event) -> None:
        self._venue = venue
        self._halted = halted
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="venue-check", daemon=True)

    def wait(self) -> None:
        """Return when the venue was checked or `halted` is set; raises what the check raised."""
        self._thread.start()
        while self._thread.is_alive() and not self._halted.is_set():
            self._thread.join(_LOOK_S)
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            self._venue.check(self._halted)
        except BaseException as error:  # noqa: BLE001 - the root of a thread: the main thread raises it
            self._error = error
