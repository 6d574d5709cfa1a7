"""How the scanner asks REST: a bounded pool, one client a thread, repeats with back-off, failures said."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.limits import CircuitOpen
from whalebot.adapters.bybit.rest import RestClient, RestFactory, RestSettings
from whalebot.adapters.bybit.rest_survey import BybitSurvey
from whalebot.domain.errors import RateLimited, TransportError, VenueRefused, WhalebotError
from whalebot.ports import Clock

WORKERS: Final = 8
REQUESTS_PER_S: Final = 40.0
"""Of one endpoint; the venue allows an address 600 in 5 seconds."""
_LONGEST_WAIT_S: Final = 60.0
_log = logging.getLogger("whalebot.scanner.rest")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is sent (`attempts`, 1 to 10) and the base of the waits between, in seconds."""

    attempts: int
    delay_s: float
    timeout_s: float


class Stopped(WhalebotError):
    """The scan is over; nothing is asked any more."""


class Asking:
    """Runs reads on a pool of eight threads and repeats what may be repeated. Any thread may submit."""

    def __init__(
        self,
        endpoints: Endpoints,
        patience: Patience,
        clock: Clock,
        rng: random.Random,
        workers: int = WORKERS,
    ) -> None:
        self._patience = patience
        self._clock = clock
        self._rng = rng
        self._halt = threading.Event()
        self._factory = RestFactory(
            RestSettings(
                endpoints,
                (),
                connect_timeout_s=min(patience.timeout_s, 3.0),
                read_timeout_s=patience.timeout_s,
                reads_per_s=REQUESTS_PER_S,
            ),
            clock,
            sleep=self._sleep,
        )
        self._local = threading.local()
        self._clients: list[RestClient] = []
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="scan-rest")

    def submit(self, work: Callable[[Asking], T]) -> Future[T]:
        """Have `work` done by the pool; it gets this object to ask with."""
        return self._pool.submit(work, self)

    def survey(self) -> BybitSurvey:
        """Return the calling thread's client."""
        found: BybitSurvey | None = getattr(self._local, "survey", None)
        if found is None:
            client = self._factory.client()
            with self._lock:
                self._clients.append(client)
            found = self._local.survey = BybitSurvey(client.session, self._clock)
        return found

    def ask(self, what: str, send: Callable[[], T]) -> T:
        """Return the answer of `send`, sending up to the set number of times.

        What is no definite no is repeated: no answer, a server in trouble, a limit of requests. Raises what
        the last attempt raised, at once for a definite no or a ban of the address; Stopped after `close`.
        """
        last = self._patience.attempts
        for attempt in range(1, last + 1):
            if self._halt.is_set():
                raise Stopped(f"{what}: stopped")
            try:
                return send()
            except (CircuitOpen, VenueRefused) as error:
                _log.warning("%s: attempt %d/%d: %s", what, attempt, last, error)
                raise
            except (TransportError, RateLimited) as error:
                _log.warning("%s: attempt %d/%d: %s", what, attempt, last, error)
                if attempt == last:
                    raise
                self._sleep(self._wait_s(error, attempt))
        raise AssertionError("at least one attempt is made")

    def clock_offset_ms(self) -> int:
        """Return the venue's clock minus ours. Raises as `ask` does."""
        return self.ask("GET /v5/market/time", self.survey().clock_offset_ms)

    def close(self) -> None:
        """Let nothing more be asked and end the threads; one that waits for an answer ends with it."""
        self._halt.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            clients, self._clients = self._clients, []
        for client in clients:
            client.close()

    @property
    def is_closed(self) -> bool:
        """True once `close` was called."""
        return self._halt.is_set()

    def _wait_s(self, error: WhalebotError, attempt: int) -> float:
        ceiling = min(self._patience.delay_s * 2.0 ** (attempt - 1), _LONGEST_WAIT_S)
        wait_s = self._rng.uniform(0.0, ceiling)
        if isinstance(error, RateLimited):
            wait_s += max(error.retry_at_ms - self._clock.now_ms(), 0) / 1000
        return min(wait_s, _LONGEST_WAIT_S)

    def _sleep(self, seconds: float) -> None:
        self._halt.wait(seconds)
