"""How reads are repeated: at most twice, with backoff, never on a definite no."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from whalebot.adapters.bybit.limits import CircuitOpen
from whalebot.adapters.bybit.retcodes import STAMP_REFUSED, Outcome, outcome_of
from whalebot.domain.errors import RateLimited, TransportError, VenueRefused

T = TypeVar("T")
_DELAYS_S: Final = (0.3, 1.0)


class Reader:
    """Repeats one read. `resync` is called when the venue says that our time is off."""

    def __init__(self, resync: Callable[[], object], sleep: Callable[[float], None] = time.sleep) -> None:
        self._resync = resync
        self._sleep = sleep

    def read(self, ask: Callable[[], T]) -> T:
        """Return the answer of `ask`, asking up to three times. Raises what the last attempt raised."""
        for delay_s in _DELAYS_S:
            try:
                return ask()
            except CircuitOpen:
                raise
            except (TransportError, RateLimited):
                self._sleep(delay_s)
            except VenueRefused as e:
                if outcome_of(e.ret_code) is not Outcome.RETRY_LATER:
                    raise
                if e.ret_code == STAMP_REFUSED:
                    self._resync()
                self._sleep(delay_s)
        return ask()

    def insist(self, ask: Callable[[], T], is_nothing: Callable[[T], bool]) -> T:
        """Return what `ask` returns; nothing is believed when it was told three times."""
        for delay_s in _DELAYS_S:
            answer = ask()
            if not is_nothing(answer):
                return answer
            self._sleep(delay_s)
        return ask()
