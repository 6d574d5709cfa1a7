"""Whether a daemon lives, and whether it is ready, for whoever watches over its container."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

ALIVE: Final = "alive"
READY: Final = "ready"
PROBES: Final = (ALIVE, READY)
_LIMIT_S: Final = 8.0
_AGAIN_S: Final = 0.5


def probe(
    name: str,
    ask: Callable[[], Mapping[str, Any]],
    now_s: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[bool, str]:
    """Return whether it is so, and why.

    Alive: the main loop makes pictures, one after the other; no clock of another process is believed for it.
    A daemon that still waits for its venue is alive. Ready: the account was compared with the venue.
    ask: returns the daemon's status; raises as the control socket's client does.
    """
    view = ask()["view"]
    if name == READY:
        is_ready = view is not None and view["reconciled_ms"] is not None
        return is_ready, "ready" if is_ready else "starting: not compared with the venue yet"
    if view is None:
        return True, "alive: starting"
    until_s = now_s() + _LIMIT_S
    while now_s() < until_s:
        sleep(_AGAIN_S)
        again = ask()["view"]
        if again is not None and again["real_ms"] != view["real_ms"]:
            return True, "alive"
    return False, f"the main loop has stood still for {_LIMIT_S:g} s"
