"""How many requests a client may make: one bucket an address."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

_MOST_CLIENTS: Final = 1024


class RateLimit:
    """A bucket of `burst` requests an address that fills at `per_second`; one thread only."""

    def __init__(
        self, per_second: float = 20.0, burst: float = 40.0, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._now_s = now_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, client: str) -> int:
        """Count a request; return 0 where it may pass, else whole seconds to wait."""
        now_s = self._now_s()
        left, at_s = self._buckets.pop(client, (self._burst, now_s))
        left = min(self._burst, left + (now_s - at_s) * self._per_second)
        passes = left >= 1.0
        self._buckets[client] = (left - 1.0 if passes else left, now_s)
        while len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return 0 if passes else max(1, math.ceil((1.0 - left) / self._per_second))
