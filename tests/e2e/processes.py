"""The daemon and the local exchange as processes, the way their owner runs them: files, signals, output."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from waiting import time_of_end, until

from whalebot.research.chaos.books import read_state
from whalebot.research.chaos.forking import ForkedProcess, Zygote

ROOT = Path(__file__).resolve().parents[2]
READY = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")
KEY, SECRET = "e2eKeyKeyKey4711", "e2eSecretSecretSecret0815"
FAST = {"risk_guardrails": {"max_consecutive_losses": 1000, "max_day_loss_pct": 90, "max_drawdown_pct": 90}}
"""No pause after losses, so that a short run of made-up prices goes on trading."""


def write_config(folder: Path, *tables: dict[str, Any]) -> Path:
    """Write a config.json of a few tables, later ones above earlier ones; the rest takes its defaults."""
    merged: dict[str, Any] = {}
    for table in tables:
        _merge(merged, table)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.json"
    path.write_text(json.dumps(merged))
    return path


def _merge(base: dict[str, Any], above: dict[str, Any]) -> None:
    for name, value in above.items():
        if isinstance(value, dict) and isinstance(base.get(name), dict):
            _merge(base[name], value)
        else:
            base[name] = json.loads(json.dumps(value))


def environment(**changes: str) -> dict[str, str]:
    """The environment of a child: no keys of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BYBIT_", "WHALEBOT_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **changes}


def start_plainly(arguments: Sequence[str], folder: Path, output: int) -> subprocess.Popen[bytes]:
    """Start `python -m whalebot` with these arguments in a folder; `output` is an open file."""
    return subprocess.Popen(
        [sys.executable, "-m", "whalebot", *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


class Process:
    """A child process; a context that kills it if it is still there. Its output goes to a file.

    zygote: what forks it, None for a start of its own.
    """

    def __init__(
        self, command: str, folder: Path, *arguments: str | Path, zygote: Zygote | None = None
    ) -> None:
        self.folder = folder
        self._output = folder.parent / f"{folder.name}-{command}.out"
        folder.mkdir(parents=True, exist_ok=True)
        self._from = self._output.stat().st_size if self._output.exists() else 0
        with self._output.open("ab") as output:
            words = [command, *map(str, arguments)]
            start = start_plainly if zygote is None else zygote.start
            self.child: subprocess.Popen[bytes] | ForkedProcess = start(words, folder.parent, output.fileno())

    @property
    def output(self) -> str:
        """What this process said so far."""
        return self._output.read_bytes()[self._from :].decode()

    def wait_for(self, text: str, within_s: float = 60) -> None:
        """Wait until the output holds `text`."""
        until(lambda: text in self.output or self._gone(), f"{text!r} in the output", within_s, self._tail)
        assert text in self.output, f"ended with {self.code} without {text!r}\n{self._tail()}"

    def wait(self, within_s: float = 60) -> int:
        """Return the exit code."""
        until(self._gone, "the process ends", within_s, self._tail)
        return self.child.wait()

    def interrupt(self, within_s: float = 60) -> tuple[int, float]:
        """Send SIGINT; return the exit code and the seconds it took by its own doing."""
        self.child.send_signal(signal.SIGINT)
        took_s = time_of_end(self.child, within_s, self._tail)
        return self.child.wait(), took_s

    def kill(self) -> None:
        """End it the way a power cut would; whoever it started is on its own."""
        self.child.kill()
        self.child.wait()

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self.child.poll()

    def _gone(self) -> bool:
        return self.code is not None

    def _tail(self) -> str:
        return self.output[-4000:]

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._gone():
            self.kill()


class Daemon(Process):
    """`whalebot run --dir FOLDER ...`."""

    def __init__(self, folder: Path, *arguments: str | Path, zygote: Zygote | None = None) -> None:
        log = folder / "logs" / "events.jsonl"
        self._events_from = log.stat().st_size if log.exists() else 0
        super().__init__("run", folder, "--dir", folder, *arguments, zygote=zygote)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return the notices of one kind since this process started."""
        log = self.folder / "logs" / "events.jsonl"
        if not log.exists():
            return []
        # In one go: who reads line by line takes the rest of a line that was being written for a line.
        *lines, _ = log.read_bytes()[self._events_from :].split(b"\n")
        whole = [json.loads(line) for line in lines if line]
        return [event for event in whole if event.get("kind") == kind]

    def wait_for_event(self, kind: str, count: int = 1, within_s: float = 90) -> dict[str, Any]:
        """Return the `count`-th notice of a kind, as soon as it is there."""
        what = f"{count} x {kind} in the event log"
        until(lambda: len(self.events(kind)) >= count or self._gone(), what, within_s, self._tail)
        found = self.events(kind)
        assert len(found) >= count, f"ended with {self.code} without {what}\n{self._tail()}"
        return found[count - 1]

    def trades(self) -> list[dict[str, Any]]:
        """Return what trade_history.json holds now."""
        return trades_in(self.folder)

    def state(self, mode: str = "demo") -> dict[str, Any]:
        """Return the state document that it would start with."""
        document = read_state(self.folder, mode)
        assert document, f"no state document of {mode}"
        return document


class ExchangeProcess(Process):
    """`whalebot exchange` on a free port, its account kept in FOLDER. Known by KEY and SECRET."""

    def __init__(self, folder: Path, *arguments: str | Path, zygote: Zygote | None = None) -> None:
        self.log = folder / "exchange.jsonl"
        options = ("--port", "0", "--state", folder, "--log", self.log, "--rate-limits", "off")
        keys = ("--api-key", KEY, "--api-secret", SECRET)
        super().__init__("exchange", folder, *options, *keys, *arguments, zygote=zygote)
        found = until(lambda: READY.search(self.output) or self._gone(), "it listens", 60, self._tail)
        assert not isinstance(found, bool), self._tail()
        self.port = int(found[1])

    @property
    def config(self) -> dict[str, Any]:
        """The tables that point a daemon at it."""
        host = f"127.0.0.1:{self.port}"
        return {
            "mode": "testnet",
            "exchange": {
                "rest_url": f"http://{host}",
                "ws_public_url": f"ws://{host}/v5/public/linear",
                "ws_private_url": f"ws://{host}/v5/private",
            },
        }

    def state_now(self) -> dict[str, Any]:
        """Return what /control/state says."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/control/state", timeout=30) as answer:
            return json.load(answer)

    def fault(self, *faults: dict[str, Any]) -> None:
        """Order faults."""
        url = f"http://127.0.0.1:{self.port}/control/faults"
        with urllib.request.urlopen(
            urllib.request.Request(url, json.dumps(list(faults)).encode(), method="POST"), timeout=30
        ) as answer:
            assert len(json.load(answer)["accepted"]) == len(faults)

    def log_now(self) -> list[dict[str, Any]]:
        """Return what has happened so far, without waiting for the disk."""
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}/control/log?since=0", timeout=30
        ) as answer:
            return json.load(answer)

    def stop(self) -> None:
        """End it in order, so that its log is whole."""
        self.child.send_signal(signal.SIGTERM)
        assert self.wait() == 0, self._tail()


def write_keys(folder: Path, key: str = KEY, secret: str = SECRET) -> None:
    """Write the .env of a daemon's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".env"
    path.write_text(f"BYBIT_API_KEY={key}\nBYBIT_API_SECRET={secret}\n")
    path.chmod(0o600)


def trades_in(folder: Path) -> list[dict[str, Any]]:
    """Return what a folder's trade_history.json holds."""
    path = folder / "trade_history.json"
    return json.loads(path.read_text()) if path.exists() else []


def run_to_end(folder: Path, *arguments: str | Path, within_s: float = 60) -> Daemon:
    """Run the daemon until it ends by itself, and expect that it ends well."""
    with Daemon(folder, *arguments) as daemon:
        code = daemon.wait(within_s)
        assert code == 0, f"exit {code}\n{daemon.output[-4000:]}"
    return daemon


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started."""
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
