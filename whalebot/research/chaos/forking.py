"""Starts of the program without the time that imports take: forks of one process that has made them."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from whalebot.research.chaos.zygote import STATUS


class ForkedProcess:
    """A process made by a Zygote, with the methods of subprocess.Popen that a campaign needs."""

    def __init__(self, status: int) -> None:
        """status: the pipe that tells its id and later its exit code. Raises OSError when nothing started."""
        self._status = status
        self._code: int | None = None
        told = os.read(status, STATUS.size)
        if not told:
            os.close(status)
            raise ChildProcessError("the process that starts others has died")
        self.pid: int = STATUS.unpack(told)[0]

    def poll(self) -> int | None:
        """Return the exit code (negative: the signal that ended it), None while it runs."""
        return self._await(0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code. Raises subprocess.TimeoutExpired."""
        code = self._await(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(["process", str(self.pid)], timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal; one that has ended takes none."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _await(self, timeout_s: float | None) -> int | None:
        if self._code is None and select.select([self._status], [], [], timeout_s)[0]:
            told = os.read(self._status, STATUS.size)
            os.close(self._status)
            # Without its parent nobody will ever tell how it ends: it must not stay behind.
            self._code = STATUS.unpack(told)[0] if told else -signal.SIGKILL
            if not told:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)
        return self._code


class Zygote:
    """A context manager; any thread may start processes. They die with this process, and with the context."""

    def __init__(self, prefix: Sequence[str], environment: Mapping[str, str], modules: Sequence[str]) -> None:
        """prefix: the command that gives every process its permissions. modules: what a start imports."""
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [
                    *prefix,
                    sys.executable,
                    "-m",
                    "whalebot.research.chaos.zygote",
                    str(theirs.fileno()),
                    *modules,
                ],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )

    def start(self, arguments: Sequence[str], folder: Path, output: int) -> ForkedProcess:
        """Start `python -m whalebot` with these arguments in a folder; `output` is an open file.

        Raises OSError when the process that forks is gone.
        """
        ours, theirs = os.pipe()
        try:
            text = json.dumps([str(folder), *arguments]).encode()
            socket.send_fds(self._ours, [text], [output, theirs])
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return ForkedProcess(ours)

    def __enter__(self) -> Zygote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ours.close()
        self.process.wait()
