"""The dashboard of a running daemon: it shows what happens, its commands arrive, its end is clean."""

from __future__ import annotations

import http.client
import json
import re
import stat
from pathlib import Path
from typing import Any

from processes import Daemon, write_config
from test_demo_run import EAGER
from waiting import until

WEB = {"web": {"enabled": True, "port": 0}}
_PLACE = re.compile(r"http://127\.0\.0\.1:(\d+)/")


class Page:
    """Asks one server, as its page does."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
        """Return status and document."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"Authorization": f"Bearer {token or self._token}", "Content-Type": "application/json"}
        raw = None if body is None else json.dumps(body)
        try:
            connection.request(method, f"/api/v1/{path}", raw, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def data(self, path: str) -> Any:
        """Return the data of an answer that must be good."""
        status, document = self.ask("GET", path)
        assert status == 200, document
        return document["data"]


def page_of(daemon: Daemon) -> Page:
    """Return the page of a daemon that serves."""
    told = _PLACE.search(daemon.wait_for_event("web")["text"])
    assert told is not None
    token = (daemon.folder / "state" / "web.token").read_text().strip()
    page = Page(int(told[1]), token)

    def answers() -> bool:
        try:
            return page.ask("GET", "status")[1]["data"]["market_time"] is not None
        except OSError:
            return False

    until(answers, "the server answers", 60)
    return page


def _audited(page: Page) -> set[tuple[str, str]]:
    return {(one["kind"], one["actor"]) for one in page.data("audit?limit=500")["items"]}


def test_the_dashboard_shows_a_run_and_commands_it(tmp_path: Path, bars: str) -> None:
    folder = tmp_path / "d"
    write_config(folder, EAGER, WEB)
    with Daemon(folder, "--data", bars, "--speed", "3600") as daemon:
        page = page_of(daemon)
        assert stat.S_IMODE((folder / "state" / "web.token").stat().st_mode) == 0o600
        daemon.wait_for_event("trade_closed")
        trades = until(lambda: page.data("trades")["items"], "a trade is shown", 60)
        written = {trade["trade_id"]: trade for trade in daemon.trades()}
        shared = [trade for trade in trades if trade["trade_id"] in written]
        assert shared
        for trade in shared:
            assert trade["pnl"] == written[trade["trade_id"]]["pnl"]
        chart = page.data("bars?symbol=BTCUSDT&limit=1000")
        assert any(bar["score"] is not None for bar in chart["bars"])
        assert {"entry", "exit"} <= {mark["kind"] for mark in chart["markers"]}
        assert page.data("orders")[0]["order_link_id"].startswith("wb")
        assert any(one["kind"] == "trade_closed" for one in page.data("decisions?limit=500")["items"])
        assert page.data("health")["checks"][0]["name"] == "main_loop"
        assert page.data("system/performance")["feed_lost"] == 0

        assert page.ask("POST", "commands/pause", {"confirm": "PAUSE"}, "wrong-token")[0] == 401
        assert page.ask("POST", "commands/pause", {"confirm": "PAUSE"})[0] == 202
        until(lambda: page.data("status")["manual_pause"], "the pause shows", 60)
        edit = {"changes": {"signal_score_threshold": 1.3}}
        status, became = page.ask("PUT", "config", edit)
        assert (status, became["data"]["applied"]) == (200, True)
        assert json.loads((folder / "config.json").read_text())["signal_score_threshold"] == 1.3
        daemon.wait_for_event("reconfigured")
        assert page.data("config")["config"]["signal_score_threshold"] == 1.3
        page.ask("POST", "commands/resume", {"confirm": "RESUME"})
        done = {("command", "web"), ("config", "web"), ("config_edited", "web")}
        until(lambda: done <= _audited(page), "what was done stands in the audit trail", 60)
        assert daemon.interrupt()[0] == 0
    token = (folder / "state" / "web.token").read_text().strip()
    logged = b"".join(file.read_bytes() for file in (folder / "logs").iterdir())
    assert token.encode() not in logged
