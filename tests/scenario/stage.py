"""A local exchange, daemons that trade on it one after the other, and the judge at the end."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from market_files import FIVE_MINUTES, START_MS
from processes import KEY, SECRET, Daemon, ExchangeProcess, write_config, write_keys
from test_demo_run import EAGER

from whalebot.research.chaos.forking import Zygote
from whalebot.research.chaos.judge import Verdict, judge, read_books
from whalebot.research.chaos.ledger import read_ledger
from whalebot.research.chaos.process import now_ms
from whalebot.research.chaos.spans import Span

SCALE = 1800
WARM_MS = START_MS + 150 * FIVE_MINUTES


class Stage:
    """`exchange` runs from the start; `daemon` starts one in the same folder each time."""

    def __init__(
        self, folder: Path, bars: str, scale: int = SCALE, *options: str, zygote: Zygote | None = None
    ) -> None:
        self.zygote = zygote
        self._places = (folder / "x", folder / "d")
        self._options = ("--data", bars, "--from", str(WARM_MS), "--balance", "100000", "--check", *options)
        self.exchange = self.play(scale)

    def play(self, scale: int, *options: str) -> ExchangeProcess:
        """Start the exchange, or start it again where it was, at another speed."""
        self._scale = scale
        self.exchange = ExchangeProcess(
            self._places[0], *self._options, "--speed", str(scale), *options, zygote=self.zygote
        )
        return self.exchange

    def daemon(self, *tables: dict[str, Any]) -> Daemon:
        """Start the daemon with these tables above the eager ones."""
        scale = {"exchange": {"time_scale": self._scale}}
        write_config(self._places[1], self.exchange.config, scale, EAGER, *tables)
        write_keys(self._places[1])
        return Daemon(self._places[1], zygote=self.zygote)

    def end(self, daemon: Daemon, *excused: Span) -> Verdict:
        """End daemon and exchange in order; return what the judge says. It must have found nothing.

        excused: when a position may be without a stop.
        """
        until_ms = now_ms() - 1_000
        assert daemon.interrupt()[0] == 0
        self.exchange.stop()
        books = read_books(self._places[1], "testnet", until_ms=until_ms, excused=excused)
        verdict = judge(read_ledger(self.exchange.log), books)
        assert not verdict.findings, verdict
        return verdict

    def request(self, method: str, path: str, **params: Any) -> Any:
        """Ask the exchange for something as the account's owner would by hand; return `result`."""
        payload = urlencode(params) if method == "GET" else json.dumps(params)
        stamp = str(time.time_ns() // 1_000_000)
        text = f"{stamp}{KEY}5000{payload}"
        headers = {
            "X-BAPI-API-KEY": KEY,
            "X-BAPI-TIMESTAMP": stamp,
            "X-BAPI-RECV-WINDOW": "5000",
            "X-BAPI-SIGN": hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest(),
            "Content-Type": "application/json",
        }
        url = f"http://127.0.0.1:{self.exchange.port}/v5/{path}"
        made = urllib.request.Request(
            f"{url}?{payload}" if method == "GET" else url,
            None if method == "GET" else payload.encode(),
            headers,
            method=method,
        )
        with urllib.request.urlopen(made, timeout=30) as reply:
            answer = json.load(reply)
        assert answer["retCode"] == 0, answer
        return answer["result"]

    def lines(self, kind: str) -> list[dict[str, Any]]:
        """Return the lines of one kind in the exchange's log."""
        return [line for line in self.exchange.log_now() if line["kind"] == kind]

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.exchange.__exit__(kind, error, trace)
