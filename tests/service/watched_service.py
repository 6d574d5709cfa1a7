"""The daemon as a service: a process whose service manager is the test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from waiting import time_of_end

ROOT = Path(__file__).resolve().parents[2]
WATCHDOG_S = 1.2
_HANGING = """
import sys, threading
from pathlib import Path
from whalebot.engine import engine

class Hanging(engine.Engine):
    def process(self, event):
        while Path(sys.argv[1]).exists():
            threading.Event().wait(0.02)
        return super().process(event)

engine.Engine = Hanging
from whalebot.app.cli import main
raise SystemExit(main(sys.argv[2:]))
"""


class Service:
    """`whalebot run` under a service manager; a context that kills what is left. Its loop hangs on demand."""

    def __init__(self, folder: Path, config: str, keys: bool = False, **environment: str) -> None:
        """Start in `folder`/home with config.json `config`, and keys in .env; the socket lies in `folder`."""
        self.home = folder / "home"
        self.home.mkdir()
        (self.home / "config.json").write_text(config)
        if keys:
            (self.home / ".env").write_text(
                "BYBIT_API_KEY=serviceKey4711\nBYBIT_API_SECRET=serviceSecret0815\n"
            )
            (self.home / ".env").chmod(0o600)
        self._hang = folder / "hang"
        self._output = folder / "output"
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(folder / "notify"))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BYBIT_")}
        with self._output.open("wb") as output:
            self.child = subprocess.Popen(
                [sys.executable, "-c", _HANGING, str(self._hang), "run", "--dir", str(self.home)],
                env={
                    **kept,
                    **environment,
                    "PYTHONPATH": str(ROOT),
                    "NOTIFY_SOCKET": str(folder / "notify"),
                    "WATCHDOG_USEC": f"{WATCHDOG_S * 1e6:.0f}",
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        """What the daemon said so far."""
        return self._output.read_text()

    def hear(self, within_s: float) -> list[str] | None:
        """Return the lines of the next message, None where none came in time."""
        self.sock.settimeout(max(0.001, within_s))
        try:
            return self.sock.recv(4096).decode().split("\n")
        except TimeoutError:
            return None

    def wait_for(self, word: str, within_s: float = 60) -> list[list[str]]:
        """Return all messages until one has the line `word`, or begins a line with it."""
        deadline_s = time.monotonic() + within_s
        heard: list[list[str]] = []
        while time.monotonic() < deadline_s:
            lines = self.hear(deadline_s - time.monotonic())
            if lines is not None:
                heard.append(lines)
                if any(line.startswith(word) for line in lines):
                    return heard
        raise AssertionError(f"no {word} within {within_s:g} s; heard {heard}\n{self.output[-3000:]}")

    def drain(self) -> None:
        """Forget what was said until now."""
        while self.hear(0.0) is not None:
            pass

    def hang(self) -> None:
        """Let the main loop hang at its next event."""
        self._hang.touch()

    def go_on(self) -> None:
        """Let it go on."""
        self._hang.unlink()

    def end(self, within_s: float = 60) -> tuple[int, float]:
        """Send SIGTERM; return the exit code and the seconds it took by its own doing."""
        self.child.send_signal(signal.SIGTERM)
        took_s = time_of_end(self.child, within_s, lambda: self.output[-3000:])
        return self.child.returncode, took_s

    def __enter__(self) -> Service:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        self.sock.close()
