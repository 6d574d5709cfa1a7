"""A stand-in for the chat service on loopback: getMe, getUpdates and sendMessage as the Bot API has them."""

from __future__ import annotations

import json
import queue
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "123456:AAsecret-of-the-bot"


class ChatService:
    """Keeps updates until an offset confirms them. `faults` are answered first, each once: (status, body).

    `clock_s` is the service's own clock; answers of `sendMessage` land in `sent` as (chat, text).
    """

    def __init__(self) -> None:
        self.clock_s = 1_800_000_000
        self.faults: queue.Queue[tuple[int, bytes]] = queue.Queue()
        self.sent: queue.Queue[tuple[int, str]] = queue.Queue()
        self.calls: list[str] = []
        self.offsets: list[int | None] = []
        self.forgets_offsets = False
        self._lock = threading.Condition()
        self._updates: list[dict[str, Any]] = []
        self._next_id = 5_000
        self._ends = False
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = service.answer(self.path, body)
                self.send_response_only(status)
                self.send_header("Date", formatdate(service.clock_s, usegmt=True))
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        with self._lock:
            self._ends = True
            self._lock.notify_all()
        self._server.shutdown()
        self._thread.join(30)
        self._server.server_close()

    def say(self, text: str, chat: int = 7, user: int = 7, age_s: int = 0, **more: Any) -> int:
        """Send a message to the bot; return the update's number."""
        message = {
            "message_id": 1,
            "date": self.clock_s - age_s,
            "chat": {"id": chat, "type": "private"},
            "from": {"id": user, "is_bot": False, "first_name": "x"},
            "text": text,
            **more,
        }
        return self.put({"message": message})

    def put(self, update: dict[str, Any]) -> int:
        with self._lock:
            self._next_id += 1
            self._updates.append({"update_id": self._next_id, **update})
            self._lock.notify_all()
            return self._next_id

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        method = path.rpartition("/")[2]
        self.calls.append(method)
        if path != f"/bot{TOKEN}/{method}":
            return 404, b'{"ok":false,"error_code":404,"description":"Not Found"}'
        if method != "sendMessage":
            try:
                return self.faults.get_nowait()
            except queue.Empty:
                pass
        result: Any = True
        if method == "getMe":
            result = {"id": 1, "is_bot": True, "username": "WhaleTestBot"}
        elif method == "getUpdates":
            result = self._take(body.get("offset"), body["timeout"])
        elif method == "sendMessage":
            self.sent.put((body["chat_id"], body["text"]))
        return 200, json.dumps({"ok": True, "result": result}).encode()

    def _take(self, offset: int | None, wait_s: int) -> list[dict[str, Any]]:
        with self._lock:
            self.offsets.append(offset)
            if offset is not None and offset < 0:
                self._updates = self._updates[offset:]
            elif offset is not None and not self.forgets_offsets:
                self._updates = [u for u in self._updates if u["update_id"] >= offset]
            until_s = time.monotonic() + wait_s
            while not self._updates and not self._ends and time.monotonic() < until_s:
                self._lock.wait(until_s - time.monotonic())
            return list(self._updates)
