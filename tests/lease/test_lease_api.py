"""The Lease object over TLS, as a pod reaches the API server of its cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lease_cluster import TOKEN, ApiServer

from whalebot.adapters.lease.api import Cluster, LeaseApi, LeaseChanged, cluster_of
from whalebot.adapters.lease.kubernetes import KubernetesLease, LeaseTerms
from whalebot.domain.errors import ConfigError, TransportError
from whalebot.runtime.clock import ManualClock
from whalebot.runtime.lease import LeaseKeeper

STRANGER = Path(__file__).resolve().parents[1] / "security" / "stranger.pem"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ApiServer]:
    with ApiServer(tmp_path) as running:
        yield running


def keeper_of(server: ApiServer, clock: ManualClock, name: str = "a") -> LeaseKeeper:
    lease = KubernetesLease(LeaseApi(server.cluster, "whalebot"), clock, LeaseTerms(name, 30, 7_000))
    return LeaseKeeper(lease, clock, 10, lambda _: None)


def held(server: ApiServer, clock: ManualClock) -> LeaseKeeper:
    server.store.create({"holderIdentity": "", "leaseDurationSeconds": 1})
    keeper = keeper_of(server, clock)
    assert keeper.step() == 10
    assert keeper.is_held
    return keeper


def test_from_no_record_to_a_lease_that_is_renewed_and_released(server: ApiServer) -> None:
    clock = ManualClock(1_700_000_000_000)
    lease = KubernetesLease(LeaseApi(server.cluster, "whalebot"), clock, LeaseTerms("a", 30, 7_000))
    assert not lease.acquire()
    assert server.store.spec["holderIdentity"] == "a"
    assert not lease.acquire()
    clock.advance(30_000)
    assert lease.acquire()
    assert lease.renew()
    assert [method for method, _ in server.heard] == ["GET", "POST", "GET", "PUT", "GET", "PUT", "PUT"]
    lease.release()
    assert server.store.spec["holderIdentity"] == ""


def test_the_token_is_read_anew_for_each_request(server: ApiServer) -> None:
    keeper = held(server, ManualClock(1))
    server.token = "token-of-the-second-hour"
    assert keeper.step() == 2
    (server.account / "token").write_text("token-of-the-second-hour\n")
    assert keeper.step() == 10
    assert server.heard[-1] == ("PUT", "Bearer token-of-the-second-hour")


@pytest.mark.parametrize("status", [401, 403, 409, 429, 500, 503])
def test_whatever_the_server_answers_nothing_leaves_when_the_time_is_over(
    server: ApiServer, status: int
) -> None:
    clock = ManualClock(1)
    keeper = held(server, clock)
    server.refuse = status
    for _ in range(12):
        keeper.step()
        clock.advance(2_000)
    assert keeper.valid_ms == 0
    assert str(status) in keeper.lost()


def test_a_server_that_is_gone_is_a_lease_that_runs_out(server: ApiServer) -> None:
    clock = ManualClock(1)
    keeper = held(server, clock)
    server.__exit__()
    assert keeper.step() == 2
    assert keeper.valid_ms == 23_000
    clock.advance(23_001)
    assert "PUT lease whalebot" in keeper.lost()
    assert TOKEN not in keeper.lost()


def test_a_refusal_is_told_with_its_remedy_on_one_line(server: ApiServer) -> None:
    server.refuse = 403
    with pytest.raises(TransportError, match=r"HTTP 403 leases is forbidden; .*needs a Role") as caught:
        LeaseApi(server.cluster, "whalebot").read()
    assert "\n" not in str(caught.value)


def test_two_that_create_at_once(server: ApiServer) -> None:
    api = LeaseApi(server.cluster, "whalebot")
    api.create({"holderIdentity": "a"})
    with pytest.raises(LeaseChanged):
        api.create({"holderIdentity": "b"})
    assert server.store.spec["holderIdentity"] == "a"


def test_no_token_goes_to_a_server_that_the_cluster_does_not_vouch_for(server: ApiServer) -> None:
    (server.account / "ca.crt").write_text(STRANGER.read_text())
    with pytest.raises(TransportError, match="certificate verify failed"):
        LeaseApi(server.cluster, "whalebot").read()
    assert server.heard == []


def test_neither_proxies_nor_netrc_are_asked(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert LeaseApi(server.cluster, "whalebot").read() is None
    assert server.heard == [("GET", f"Bearer {TOKEN}")]


@pytest.mark.parametrize(
    "record",
    [
        [],
        {"metadata": {}, "spec": {}},
        {"metadata": {"resourceVersion": "1"}, "spec": {}},
        {"metadata": {"resourceVersion": 1, "uid": "u"}, "spec": {}},
        {"metadata": {"resourceVersion": "1", "uid": "u"}, "spec": {"leaseDurationSeconds": "30"}},
        {"metadata": {"resourceVersion": "1", "uid": "u"}, "spec": {"leaseTransitions": True}},
        {"metadata": {"resourceVersion": "1", "uid": "u"}, "spec": {"holderIdentity": 5}},
    ],
)
def test_what_is_no_lease_is_no_answer(
    server: ApiServer, record: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.store, "read", lambda: record)
    with pytest.raises(TransportError, match="no Lease"):
        LeaseApi(server.cluster, "whalebot").read()


def test_where_a_pod_finds_its_cluster(server: ApiServer, tmp_path: Path) -> None:
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
    found = cluster_of(environment, server.account)
    assert found == Cluster("https://[fd00::1]:6443", server.account, "trading")
    with pytest.raises(ConfigError, match="no pod of a cluster"):
        cluster_of({}, server.account)
    with pytest.raises(ConfigError, match="automountServiceAccountToken"):
        cluster_of(environment, tmp_path / "nothing")
