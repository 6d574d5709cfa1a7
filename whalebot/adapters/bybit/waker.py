"""Wakes a thread that waits on sockets."""

from __future__ import annotations

import contextlib
import socket


class Waker:
    """A pair of sockets: any thread may `wake`; the waiting one selects on `socket` and drains it."""

    def __init__(self) -> None:
        self._sender, self.socket = socket.socketpair()
        self._sender.setblocking(False)
        self.socket.setblocking(False)

    def wake(self) -> None:
        """Make `socket` readable; harmless after `close` and when it is readable already."""
        with contextlib.suppress(OSError):
            self._sender.send(b"\0")

    def drain(self) -> None:
        """Make `socket` quiet again."""
        with contextlib.suppress(BlockingIOError):
            while self.socket.recv(1024):
                pass

    def close(self) -> None:
        """Give the sockets back."""
        self._sender.close()
        self.socket.close()
