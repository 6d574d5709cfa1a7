"""A process that has imported the program and done nothing else; every start asked of it is a fork of it.

Run by `forking.py` as `python -m whalebot.research.chaos.zygote DESCRIPTOR MODULE...`.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

STATUS: Final = struct.Struct("<q")
"""How the id of a process, and later its exit code (negative: the signal), stand in its status pipe."""
LONGEST_REQUEST: Final = 1 << 16

_BLAS_THREADS: Final = "OPENBLAS_NUM_THREADS"


@dataclass(frozen=True, slots=True)
class Request:
    """A start: the arguments of `python -m whalebot`, the folder it stands in, and open files."""

    arguments: list[str]
    folder: str
    output: int
    status: int


@dataclass(frozen=True, slots=True)
class _Running:
    pid: int
    status: int


def main(arguments: Sequence[str]) -> None:
    """Import the modules, then fork until the asking process is gone."""
    # Ctrl-C reaches this one too; it ends when the asking process does.
    at_interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
    _import(arguments[1:])
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=int(arguments[0])) as control:
        request = _serve(control)
    if request is not None:
        signal.signal(signal.SIGINT, at_interrupt)
        _become(request)


def _import(names: Sequence[str]) -> None:
    """Import without the worker threads that BLAS makes; the environment is as before afterwards."""
    before = os.environ.get(_BLAS_THREADS)
    os.environ[_BLAS_THREADS] = "1"
    for name in names:
        importlib.import_module(name)
    if before is None:
        del os.environ[_BLAS_THREADS]
    else:
        os.environ[_BLAS_THREADS] = before


def _serve(control: socket.socket) -> Request | None:
    """Return None when the asking process is gone, and in every new process what that one shall run."""
    running: dict[int, _Running] = {}
    poll = select.poll()
    poll.register(control, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor != control.fileno():
                poll.unregister(descriptor)
                _reap(descriptor, running.pop(descriptor))
                continue
            request = _receive(control)
            if request is None:
                for process in running.values():
                    os.kill(process.pid, signal.SIGKILL)
                return None
            pid = _fork()
            if not pid:
                for descriptor, process in running.items():
                    os.close(descriptor)
                    os.close(process.status)
                return request
            os.close(request.output)
            _tell(request.status, pid)
            descriptor = os.pidfd_open(pid)
            running[descriptor] = _Running(pid, request.status)
            poll.register(descriptor, select.POLLIN)


def _receive(control: socket.socket) -> Request | None:
    text, files, _, _ = socket.recv_fds(control, LONGEST_REQUEST, 2)
    if not text:
        return None
    folder, *arguments = json.loads(text)
    return Request(arguments, folder, *files)


def _fork() -> int:
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise RuntimeError(
            f"a process of {threads} threads cannot be forked safely; an import starts threads"
        )
    return os.fork()


def _reap(descriptor: int, process: _Running) -> None:
    _, status = os.waitpid(process.pid, 0)
    _tell(process.status, os.waitstatus_to_exitcode(status))
    os.close(process.status)
    os.close(descriptor)


def _tell(status: int, number: int) -> None:
    # Whoever asked may have lost interest.
    try:
        os.write(status, STATUS.pack(number))
    except BrokenPipeError:
        return


def _become(request: Request) -> None:
    """Run the program as `python -m whalebot` does, with files of its own; never returns."""
    os.dup2(request.output, sys.stdout.fileno())
    os.dup2(request.output, sys.stderr.fileno())
    os.close(request.output)
    os.close(request.status)
    os.chdir(request.folder)
    sys.argv[1:] = request.arguments
    runpy.run_module("whalebot", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
