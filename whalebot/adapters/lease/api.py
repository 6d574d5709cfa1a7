"""Lease objects of a Kubernetes cluster by its REST API, as the service account of the pod.

Paths and fields: Kubernetes API reference, Lease (coordination.k8s.io/v1). Where a pod finds the API server,
its token and the certificate: "Accessing the Kubernetes API from a Pod" of the same documentation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from whalebot.domain.errors import ConfigError, TransportError, WhalebotError

ACCOUNT_FOLDER: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
Record = dict[str, Any]
_TIMEOUTS_S: Final = (3.0, 5.0)
_LONGEST_WORDS: Final = 300
_HINTS: Final = {
    401: "; the token of the service account is not accepted",
    403: "; the service account needs a Role that allows get, create and update of leases",
}


class LeaseChanged(WhalebotError):
    """The record is not the one that was read, or exists already. Nothing was written."""


class LeaseGone(WhalebotError):
    """The record does not exist any more. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the API server is, and the folder with token, ca.crt and namespace."""

    url: str
    account: Path
    namespace: str


def cluster_of(environment: Mapping[str, str], account: Path = ACCOUNT_FOLDER) -> Cluster:
    """Return the cluster that this process runs in. Raises ConfigError outside of one."""
    host, port = (environment.get(f"KUBERNETES_SERVICE_{part}", "") for part in ("HOST", "PORT"))
    if not host:
        raise ConfigError(
            "lease.kind kubernetes: this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set); run it "
            'in one, or set lease.kind to "off"'
        )
    try:
        namespace = (account / "namespace").read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"lease.kind kubernetes: {account / 'namespace'} cannot be read ({error}); give the pod a "
            "service account and automountServiceAccountToken: true"
        ) from None
    name = f"[{host}]" if ":" in host else host
    return Cluster(f"https://{name}:{port or '443'}", account, namespace)


class LeaseApi:
    """One Lease object. Every call is one request, TLS checked against the cluster's certificate.

    Raises TransportError where nothing certain came back, which for a write means that it may have happened.
    """

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._all = f"{cluster.url}/apis/coordination.k8s.io/v1/namespaces/{cluster.namespace}/leases"
        self._url = f"{self._all}/{name}"
        self._account = cluster.account
        self._name = name

    def read(self) -> Record | None:
        """Return the record, None where there is none."""
        status, content = self._send("GET", self._url, None)
        return None if status == 404 else self._record("GET", status, content)

    def create(self, spec: Record) -> Record:
        """Make the record. Raises LeaseChanged where there is one already."""
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._name},
            "spec": spec,
        }
        status, content = self._send("POST", self._all, body)
        if status == 409:
            raise LeaseChanged(f"lease {self._name} exists already")
        return self._record("POST", status, content)

    def replace(self, record: Record, timeouts_s: tuple[float, float] = _TIMEOUTS_S) -> Record:
        """Write the record, only over the version it names. Raises LeaseChanged, LeaseGone."""
        status, content = self._send("PUT", self._url, record, timeouts_s)
        if status == 409:
            raise LeaseChanged(f"lease {self._name} was changed by another")
        if status == 404:
            raise LeaseGone(f"lease {self._name} does not exist")
        return self._record("PUT", status, content)

    def _send(
        self, method: str, url: str, body: Record | None, timeouts_s: tuple[float, float] = _TIMEOUTS_S
    ) -> tuple[int, bytes]:
        import requests

        headers = {"Authorization": f"Bearer {self._token()}", "Accept": "application/json"}
        with requests.Session() as session:
            # No proxy, no netrc: the token is for the API server alone.
            session.trust_env = False
            try:
                answer = session.request(
                    method,
                    url,
                    json=body,
                    headers=headers,
                    timeout=timeouts_s,
                    verify=str(self._account / "ca.crt"),
                    allow_redirects=False,
                )
                return answer.status_code, answer.content
            except (requests.RequestException, OSError) as error:
                raise TransportError(f"{method} lease {self._name}: {_words(str(error))}") from None

    def _token(self) -> str:
        # At each request: the token lives for an hour and its file is replaced.
        try:
            return (self._account / "token").read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise TransportError(f"{self._account / 'token'}: {error}") from None

    def _record(self, method: str, status: int, content: bytes) -> Record:
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = None
        call = f"{method} lease {self._name}"
        if not 200 <= status < 300:
            message = found.get("message", "") if isinstance(found, dict) else ""
            raise TransportError(f"{call}: HTTP {status} {_words(str(message))}{_HINTS.get(status, '')}")
        if not _is_record(found):
            raise TransportError(f"{call}: an answer that is no Lease")
        record: Record = found
        return record


def _is_record(found: Any) -> bool:
    if not isinstance(found, dict) or not isinstance(found.get("metadata"), dict):
        return False
    spec = found.get("spec") or {}
    return (
        # The uid makes a write miss a record that was deleted and made anew.
        all(_is_name(found["metadata"].get(key)) for key in ("resourceVersion", "uid"))
        and isinstance(spec, dict)
        and isinstance(spec.get("holderIdentity") or "", str)
        and all(_is_count(spec.get(key)) for key in ("leaseDurationSeconds", "leaseTransitions"))
    )


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_count(value: Any) -> bool:
    return value is None or (type(value) is int and value >= 0)


def _words(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST_WORDS]
