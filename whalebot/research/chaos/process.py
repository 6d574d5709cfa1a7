"""The daemon and the local exchange as child processes: files, signals and what the kernel says of them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from whalebot.research.chaos.forking import ForkedProcess, Zygote

_PACKAGE: Final = Path(__file__).resolve().parents[3]
_LISTENING: Final = re.compile(rb"listening on http://127\.0\.0\.1:(\d+)")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_POLL_S: Final = 0.02
# Root would pass every permission: without these two it is refused like anybody else.
_LIKE_ANYBODY: Final = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")

Process: TypeAlias = "subprocess.Popen[bytes] | ForkedProcess"


def make_zygote(modules: Sequence[str]) -> Zygote:
    """Return what forks processes that have imported `modules`; they are like those of `start_plainly`."""
    return Zygote(_prefix(), _environment(), modules)


def start_plainly(arguments: Sequence[str], folder: Path, output: int) -> Process:
    """Start `python -m whalebot` with these arguments in a folder; `output` is an open file."""
    return subprocess.Popen(
        [*_prefix(), sys.executable, "-m", "whalebot", *arguments],
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def _prefix() -> tuple[str, ...]:
    return _LIKE_ANYBODY if os.geteuid() == 0 and shutil.which("setpriv") else ()


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BYBIT_", "WHALEBOT_"))}
    return {**kept, "PYTHONPATH": str(_PACKAGE), "NO_COLOR": "1", "PYTHONFAULTHANDLER": "1"}


class Child:
    """One process. Its output goes to a file; whoever made it must `end` it."""

    def __init__(self, output: Path, *arguments: str | Path, zygote: Zygote | None = None) -> None:
        """arguments: those of `python -m whalebot`. zygote: what forks it, None for a start of its own."""
        self.output = output
        self._from = output.stat().st_size if output.exists() else 0
        start = zygote.start if zygote is not None else start_plainly
        with output.open("ab") as file:
            self.process: Process = start([*map(str, arguments)], output.parent, file.fileno())
        self.started_ms = now_ms()

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self.process.poll()

    def said(self) -> bytes:
        """Return its output so far."""
        with self.output.open("rb") as file:
            file.seek(self._from)
            return file.read()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; one that is gone takes none."""
        self.process.send_signal(number)

    def wait(self, within_s: float) -> int | None:
        """Return the exit code, None when it still runs after `within_s`."""
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """Kill it if it is still there."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def cpu_s(self) -> float:
        """Return the processor time it has used, 0 when it is gone."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def peak_mib(self) -> float:
        """Return the most memory it ever held, 0 when the kernel does not say."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0.0
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0


def listening_port(child: Child, within_s: float = 90.0) -> int:
    """Return the port an exchange listens on. Raises TimeoutError with what it said instead."""
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s and child.code is None:
        found = _LISTENING.search(child.said())
        if found:
            return int(found[1])
        time.sleep(_POLL_S)
    raise TimeoutError(f"the exchange does not listen: {child.said()[-500:].decode(errors='replace')}")


def exchange_arguments(folder: Path, port: int, options: dict[str, Any]) -> list[str]:
    """Return the command line of an exchange that keeps its account in `folder`; names without dashes."""
    arguments = ["exchange", "--port", str(port), "--state", str(folder)]
    arguments += ["--log", str(folder / "exchange.jsonl"), "--rate-limits", "off", "--check"]
    arguments += ["--parent-pid", str(os.getpid())]
    for name, value in options.items():
        arguments += [f"--{name}", *([] if value is True else [str(value)])]
    return arguments


def now_ms() -> int:
    """Return real time, ms UTC: the clock of the exchange's log."""
    return time.time_ns() // 1_000_000
