"""Talking to the running daemon of a folder: one question, or an order and its effect."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from whalebot.adapters.control.client import ask

_LOOK_AGAIN_S: Final = 0.2


def ask_daemon(args: argparse.Namespace, command: str) -> dict[str, Any]:
    """Send one command to the daemon of `--dir`; return its answer.

    Raises ConfigError where none runs there or it refuses, TransportError where it does not answer.
    """
    paths = args.paths
    return ask(paths.control_socket, command, place=paths.control_socket_place)


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
