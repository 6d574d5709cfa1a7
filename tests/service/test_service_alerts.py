"""The owner hears of starts and ends, through a real webhook; no secret leaves with it."""

from __future__ import annotations

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from watched_service import Service


def test_start_and_end_are_told(tmp_path: Path) -> None:
    pytest.importorskip("apprise")
    heard: queue.Queue[dict[str, str]] = queue.Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        channel = {"name": "hook", "url": "${HOOK}", "min_level": "info"}
        config = {"mode": "demo", "demo": {"speed": 60}, "alerts": {"enabled": True, "channels": [channel]}}
        hook = f"json://127.0.0.1:{server.server_port}"
        with Service(tmp_path, json.dumps(config), HOOK=hook) as service:
            service.wait_for("READY=1")
            assert "whalebot has started" in heard.get(timeout=60)["title"]
            assert service.end()[0] == 0, service.output[-2000:]
        told = heard.get(timeout=30)
        assert "whalebot has ended" in told["title"]
        assert "mode demo, BTCUSDT" in told["message"]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
