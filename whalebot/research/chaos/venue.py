"""The local exchange of one run: starts, ends, and is asked over its control interface."""

from __future__ import annotations

import hmac
import json
import signal
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from whalebot.research.chaos.faults import Fault
from whalebot.research.chaos.forking import Zygote
from whalebot.research.chaos.process import Child, exchange_arguments, listening_port, now_ms
from whalebot.research.chaos.spans import Span


class VenueProcess:
    """The exchange as a process that keeps account and market over restarts, at one port."""

    def __init__(
        self, folder: Path, options: dict[str, Any], findings: list[str], zygote: Zygote | None = None
    ) -> None:
        """options: of `whalebot exchange`, by name. What goes wrong is added to `findings`."""
        self._folder = folder / "exchange"
        self._options = options
        self._findings = findings
        self._zygote = zygote
        self._child: Child | None = None
        self._stopped_ms: int | None = None
        self.starts = 0
        self.port = 0
        self.away: list[Span] = []

    @property
    def log(self) -> Path:
        """Its log."""
        return self._folder / "exchange.jsonl"

    def start(self, **changed: Any) -> None:
        """Start it, at its old port from the second time on. Raises TimeoutError.

        changed: options that are others from now on. `away` then holds the span without it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._options |= changed
        arguments = exchange_arguments(self._folder, self.port, self._options)
        self._child = Child(self._folder.parent / "exchange.out", *arguments, zygote=self._zygote)
        self.starts += 1
        self.port = listening_port(self._child)
        if self._stopped_ms is not None:
            self.away.append(Span(self._stopped_ms, now_ms(), "no exchange"))
            self._stopped_ms = None

    def stop(self) -> None:
        """End it in order: account, market and log are saved."""
        if self._child is None:
            return
        self._stopped_ms = now_ms()
        self._child.signal(signal.SIGTERM)
        if self._child.wait(60) != 0:
            self._findings.append(f"the exchange ended with {self._child.code}")
        self._child.end()
        self._child = None

    def strike(self, faults: Iterable[Fault]) -> None:
        """Order faults; an exchange that is away hears nothing."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/control/faults", json.dumps(list(faults)).encode(), method="POST"
        )
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except OSError:
            if self._child is not None and self._child.code is not None:
                raise

    def hedge(self, key: str, secret: str) -> None:
        """Let the account hold long and short apart, in every symbol. Raises OSError."""
        body = json.dumps({"category": "linear", "coin": "USDT", "mode": 3})
        at, window = str(now_ms()), "5000"
        signature = hmac.new(secret.encode(), f"{at}{key}{window}{body}".encode(), "sha256").hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-BAPI-API-KEY": key,
            "X-BAPI-TIMESTAMP": at,
            "X-BAPI-RECV-WINDOW": window,
            "X-BAPI-SIGN": signature,
        }
        url = f"http://127.0.0.1:{self.port}/v5/position/switch-mode"
        request = urllib.request.Request(url, body.encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            told = json.load(answer)
        if told["retCode"] != 0:
            raise OSError(f"hedge mode was refused: {told['retMsg']}")

    def happened(self, since: int) -> tuple[list[str], int]:
        """Return the kinds of the exchange's log lines after number `since`, and the newest number."""
        url = f"http://127.0.0.1:{self.port}/control/log?since={since}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                lines = json.load(answer)
        except (OSError, ValueError):
            return [], since
        return [line["kind"] for line in lines], lines[-1]["n"] if lines else since

    def state(self) -> dict[str, Any]:
        """Return what it says of itself: `sim_ms` is the market's time. Raises OSError."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/control/state", timeout=10) as answer:
            state = json.load(answer)
        assert isinstance(state, dict)
        return state

    def close(self) -> None:
        """End it if it is still there."""
        if self._child is not None:
            self._child.end()
