"""Runs the local exchange as a process: builds its parts, serves until told to stop, saves and goes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import TextIO, TypeAlias

from whalebot.adapters.exchange.server.build import Tracks, build_parts
from whalebot.adapters.exchange.server.clock import SystemClock
from whalebot.adapters.exchange.server.options import ExchangeOptions, add_arguments, options_from_args
from whalebot.adapters.exchange.server.server import HOST, ExchangeServer
from whalebot.adapters.exchange.server.state_lock import state_lock
from whalebot.domain.errors import BugError

__all__ = ["ExchangeOptions", "TrackReader", "add_arguments", "options_from_args", "run_exchange"]

TrackReader: TypeAlias = Callable[[ExchangeOptions], Tracks]
"""Reads the files that the options name. Raises ConfigError for a file that cannot be played."""

_PARENT_POLL_S = 0.5
_LOCK_WAIT_S = 5.0


def run_exchange(options: ExchangeOptions, read_tracks: TrackReader | None = None) -> int:
    """Serve until SIGTERM, SIGINT or the end that the options ask for; returns the exit code 0.

    Prints `listening on http://127.0.0.1:PORT` on standard output when ready, and on standard error that
    prices are simulated. `read_tracks` is needed when the options name data. Raises ConfigError for options
    that cannot be served or a --state folder that another exchange uses, and BugError when the exchange
    itself fails. Main thread only (signals).
    """
    if options.state is None:
        return asyncio.run(_serve(options, read_tracks))
    # The exchange of a daemon that was killed may still be saving.
    with state_lock(options.state, _LOCK_WAIT_S if options.die_with_parent else 0.0):
        return asyncio.run(_serve(options, read_tracks))


async def _serve(options: ExchangeOptions, read_tracks: TrackReader | None) -> int:
    tracks = read_tracks(options) if read_tracks is not None and options.data else ()
    parts, notices = build_parts(options, tracks)
    server = ExchangeServer(
        options, parts, SystemClock(), lambda text: _say(sys.stderr, f"local exchange: {text}")
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stopped.set)
    port = await server.start()
    _say(sys.stderr, f"local exchange: {parts.market.name}. Prices are simulated, no real order is placed.")
    for notice in notices:
        _say(sys.stderr, f"local exchange: {notice}")
    _say(sys.stdout, f"listening on http://{HOST}:{port}")
    if options.die_with_parent:
        _stop_at_end_of_input(loop, server.stopped)
    watcher = loop.create_task(_watch_parent(options.parent_pid, server.stopped))
    await server.stopped.wait()
    watcher.cancel()
    failure = server.failure()
    await server.stop()
    if failure is not None:
        raise BugError(f"the local exchange failed: {failure!r}") from failure
    return 0


def _say(stream: TextIO, text: str) -> None:
    # A parent that has gone takes its end of the pipe with it; that must not keep the exchange from saving.
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except OSError:
        return


def _stop_at_end_of_input(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    """End when the parent closes its end of standard input, or dies and so closes it."""

    def read() -> None:
        try:
            while os.read(0, 4096):
                pass
        except OSError:
            pass
        try:
            loop.call_soon_threadsafe(stopped.set)
        except RuntimeError:  # the loop has ended before the parent did
            return

    threading.Thread(target=read, name="parent-watch", daemon=True).start()


async def _watch_parent(pid: int | None, stopped: asyncio.Event) -> None:
    while pid is not None:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            stopped.set()
        except PermissionError:
            pass
        await asyncio.sleep(_PARENT_POLL_S)
