"""A stand-in for the API server: one Lease object, kept as a real one is, in memory and behind TLS."""

from __future__ import annotations

import copy
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from whalebot.adapters.lease.api import Cluster, LeaseChanged, LeaseGone

CERTIFICATE = Path(__file__).parent / "cluster.pem"
"""A certificate of 127.0.0.1 that vouches for itself, with its key: for these tests alone."""
NAMESPACE, TOKEN = "trading", "token-of-the-first-hour"
PATH = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"


class Store:
    """The object with its resourceVersion and uid; writes are refused as the API server refuses them."""

    def __init__(self) -> None:
        self.record: dict[str, Any] | None = None
        self._version = 40
        self._made = 0

    def read(self) -> dict[str, Any] | None:
        """Return the object, None where there is none."""
        return copy.deepcopy(self.record)

    def create(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Make it; raises LeaseChanged where it is there."""
        if self.record is not None:
            raise LeaseChanged("exists")
        self._made += 1
        self.record = {
            "kind": "Lease",
            "metadata": {"name": "whalebot", "uid": f"uid-{self._made}", "labels": {"kept": "yes"}},
            "spec": copy.deepcopy(spec),
        }
        return self._stamped()

    def replace(self, record: dict[str, Any], timeouts_s: object = None) -> dict[str, Any]:
        """Write over the version that the record names; never without one, never over another uid."""
        if self.record is None:
            # A PUT may create, but its uid is a precondition, and one was given.
            raise LeaseChanged("precondition failed: uid")
        given, kept = record["metadata"], self.record["metadata"]
        if (given["resourceVersion"], given["uid"]) != (kept["resourceVersion"], kept["uid"]):
            raise LeaseChanged("changed")
        self.record = copy.deepcopy(record)
        return self._stamped()

    def delete(self) -> None:
        """What a person may do by hand."""
        self.record = None

    def _stamped(self) -> dict[str, Any]:
        assert self.record is not None
        self._version += 1
        self.record["metadata"]["resourceVersion"] = str(self._version)
        return copy.deepcopy(self.record)

    @property
    def spec(self) -> dict[str, Any]:
        """The spec of the object that must be there."""
        assert self.record is not None
        return self.record["spec"]


class ApiServer:
    """The store behind TLS on loopback; a context. `refuse` is a status for all."""

    def __init__(self, folder: Path) -> None:
        """folder: made into what a pod finds of its service account."""
        self.store = Store()
        self.refuse: int | None = None
        self.heard: list[tuple[str, str]] = []
        self.token = TOKEN
        self.account = folder / "serviceaccount"
        self.account.mkdir()
        (self.account / "namespace").write_text(NAMESPACE)
        (self.account / "token").write_text(TOKEN)
        (self.account / "ca.crt").write_text(CERTIFICATE.read_text())
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def cluster(self) -> Cluster:
        """The cluster as a pod would find it."""
        return Cluster(f"https://127.0.0.1:{self.port}", self.account, NAMESPACE)

    def answer(self, method: str, path: str, token: str, body: Any) -> tuple[int, Any]:
        """Do what one request asks for."""
        with self.lock:
            self.heard.append((method, token))
            if token != f"Bearer {self.token}":
                return 401, {"kind": "Status", "message": "Unauthorized"}
            if self.refuse is not None:
                return self.refuse, {"kind": "Status", "message": "leases is\nforbidden"}
            try:
                return self._done(method, path, body)
            except LeaseChanged:
                return 409, {"kind": "Status", "reason": "Conflict"}
            except LeaseGone:
                return 404, {"kind": "Status", "reason": "NotFound"}

    def _done(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if (method, path) == ("POST", PATH):
            assert (body["apiVersion"], body["kind"]) == ("coordination.k8s.io/v1", "Lease")
            return 201, self.store.create(body["spec"])
        if path != f"{PATH}/whalebot":
            return 404, {"kind": "Status", "reason": "NotFound"}
        if method == "PUT":
            return 200, self.store.replace(body)
        found = self.store.read()
        return (404, {"kind": "Status"}) if found is None else (200, found)

    def __enter__(self) -> ApiServer:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(30)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: ApiServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up on a certificate is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        token = self.headers.get("Authorization", "")
        status, answer = self.server.owner.answer(self.command, self.path, token, body)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = _serve

    def log_message(self, format: str, *args: object) -> None:
        """Nothing to say."""
