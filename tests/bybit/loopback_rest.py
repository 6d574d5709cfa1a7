"""An HTTP server on loopback that answers as told and keeps every request; it checks signatures by itself."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

KEY, SECRET = "key-of-the-test", "secret-of-the-test"


@dataclass
class Request:
    """One request as it arrived; `raw_query` is undecoded."""

    method: str
    path: str
    raw_query: str
    headers: dict[str, str]
    body: str

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw_query))

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    @property
    def is_signed(self) -> bool:
        return "x-bapi-sign" in self.headers

    def signature_is_right(self) -> bool:
        payload = self.raw_query if self.method == "GET" else self.body
        window = self.headers["x-bapi-recv-window"]
        text = self.headers["x-bapi-timestamp"] + self.headers["x-bapi-api-key"] + window + payload
        right = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        return self.headers["x-bapi-api-key"] == KEY and self.headers["x-bapi-sign"] == right


@dataclass
class Answer:
    """What to answer: a body (encoded as JSON unless bytes), a status, headers; or hang up without a word."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    wait: threading.Event | None = None


def good(result: Any, time_ms: int = 1_700_000_000_000, **headers: str) -> Answer:
    body = {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": time_ms}
    return Answer(body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def bad(code: int, message: str = "no", **headers: str) -> Answer:
    body = {"retCode": code, "retMsg": message, "result": {}, "retExtInfo": {}, "time": 1}
    return Answer(body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def page(*rows: dict[str, Any], cursor: str = "") -> Answer:
    return good({"category": "linear", "list": list(rows), "nextPageCursor": cursor})


Script = Answer | Callable[[Request], Answer]


class LoopbackRest:
    """Answers each path with its answers in turn, the last one for all that follow."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._scripts: dict[str, list[Script]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def on(self, path: str, *answers: Script) -> None:
        self._scripts[f"/v5/{path}"] = list(answers)

    def to(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == f"/v5/{path}"]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(30)

    def _answer(self, request: Request) -> Answer:
        self.requests.append(request)
        scripts = self._scripts.get(request.path)
        if not scripts:
            return Answer(b"no such path", 404)
        script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        return script if isinstance(script, Answer) else script(request)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        venue = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._serve("GET")

            def do_POST(self) -> None:
                self._serve("POST")

            def log_message(self, *_: object) -> None:
                pass

            def _serve(self, method: str) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = venue._answer(Request(method, parts.path, parts.query, headers, body))
                if answer.wait is not None:
                    answer.wait.wait(30)
                if answer.hang_up:
                    self.close_connection = True
                    return
                content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler
