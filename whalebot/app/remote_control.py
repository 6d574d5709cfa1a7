"""Talking to the running daemon of a folder: one question, or an order and its effect."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from whalebot.adapters.control.client import NoDaemon, ask
from whalebot.app.lock_holder import lock_holder
from whalebot.domain.errors import TransportError

_LOOK_AGAIN_S: Final = 0.2


class NotListening(TransportError):
    """A daemon runs here, but does not listen: it starts or ends."""


def ask_daemon(args: argparse.Namespace, command: str) -> dict[str, Any]:
    """Send one command to the daemon of `--dir`; return its answer.

    Raises ConfigError where none runs there or it refuses, TransportError where it does not answer, which a
    daemon that waits for its venue does not.
    """
    paths = args.paths
    try:
        return ask(paths.control_socket, command, place=paths.control_socket_place)
    except NoDaemon:
        holder = lock_holder(paths.lock)
        if holder is None:
            raise
    raise NotListening(
        f"process {holder} runs here but takes no commands now: it is starting, and waits for its venue "
        f"where that does not answer, or it is ending; see {paths.log}. What lies at the venue stays there"
    )


def order(
    args: argparse.Namespace, command: str, is_done: Callable[[Mapping[str, Any]], bool], limit_s: float
) -> bool:
    """Give an order and look until its effect shows in the daemon's view; False when `limit_s` ran out.

    Raises as `ask_daemon`.
    """
    ask_daemon(args, command)
    deadline_s = time.monotonic() + limit_s
    while True:
        view = ask_daemon(args, "status").get("view")
        if view is not None and is_done(view):
            return True
        if time.monotonic() >= deadline_s:
            return False
        time.sleep(_LOOK_AGAIN_S)
