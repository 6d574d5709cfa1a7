"""The end of a run that nothing excuses: one more start, on a market that all but stands still."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from whalebot.research.chaos.rig import Rig

# The market goes on at the pace of real time: hours of it passed while the last daemon ended.
_SPEED: Final = 1
_POLL_S: Final = 0.1
# The comparison with the venue, every minute, is what the slowest recovery waits for.
_SETTLED_S: Final = 80.0
# In a few seconds of market time hardly anything fills; what does is learnt by one more start.
_MOST_STARTS: Final = 3


def settle(rig: Rig, breathe: Callable[[float], None]) -> None:
    """Let exchange and daemon, both ended in order, come to one mind, and end both again.

    After it the daemon owes the judge everything: there is nothing it could not have heard of. `breathe`
    waits so many seconds. Adds a finding where that does not come about. Raises what `breathe` raises.
    """
    rig.venue.stop()
    rig.venue.start(speed=_SPEED)
    rig.write_config(time_scale=_SPEED, on_shutdown="keep")
    for _ in range(_MOST_STARTS):
        rig.start_daemon()
        _await_settled(rig, breathe)
        seen = rig.venue.state()["log_number"]
        rig.stop_daemon()
        kinds, _ = rig.venue.happened(seen)
        if "execution" not in kinds:
            break
    else:
        rig.findings.append(f"{_MOST_STARTS} last daemons in a row traded while they ended")
    rig.venue.stop()


def _await_settled(rig: Rig, breathe: Callable[[float], None]) -> None:
    """Wait until the daemon agrees with the venue of every symbol, and no order or trade is left open."""
    deadline_s = time.monotonic() + _SETTLED_S
    lacks = "it gives no view"
    while time.monotonic() < deadline_s:
        view = rig.ask_daemon()
        lacks = lacks if view is None else _lacks(rig, view)
        if not lacks:
            return
        breathe(_POLL_S)
    rig.findings.append(f"not settled {_SETTLED_S:g} s after the last start: {lacks}")


def _lacks(rig: Rig, view: dict[str, Any]) -> str:
    if view["blocked_by"]:
        return ", ".join(view["blocked_by"])
    if view["reconciled_ms"] is None or not view["tradable"]:
        return "not tradable"
    state = rig.state()
    waiting = [key for key in ("waiting_trades", "unrecorded_trades", "intents") if state.get(key)]
    return ", ".join(waiting)
