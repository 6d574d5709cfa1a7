"""Who is kept out: strangers, other sites, other names, too much, too fast."""

from __future__ import annotations

import itertools
import socket
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_desk import PACE, TOKEN, Client, endpoints, filled, served

from whalebot.adapters.web.gate import SECURITY_HEADERS, GateRules
from whalebot.adapters.web.rates import RateLimit
from whalebot.adapters.web.server import bind
from whalebot.app.web.token import kept_token, own_token
from whalebot.domain.errors import ConfigError

WRITES = (
    ("POST", "/api/v1/commands/pause", {"confirm": "PAUSE"}),
    ("POST", "/api/v1/commands/resume", {"confirm": "RESUME"}),
    ("POST", "/api/v1/commands/flatten", {"confirm": "FLATTEN"}),
    ("POST", "/api/v1/commands/panic", {"confirm": "PANIC"}),
    ("POST", "/api/v1/orders", {"symbol": "BTCUSDT", "side": "Buy", "quantity": "1"}),
    ("POST", "/api/v1/alerts/1/ack", {}),
    ("PUT", "/api/v1/config", {"changes": {"signal_score_threshold": 1}}),
)


def test_no_write_without_the_token() -> None:
    made = filled()
    with served(made) as client:
        for method, path, body in WRITES:
            for given_token in (None, "", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper()):
                reply = client.ask(method, path, body, given_token)
                assert (reply.status, reply.json["code"]) == (401, "unauthorised"), path
                assert reply.headers["www-authenticate"] == "Bearer"
            basic = client.ask(method, path, body, headers={"Authorization": f"Basic {TOKEN}"})
            assert basic.status == 401
    assert made.commands == []
    assert made.config.asked == []


def test_the_page_on_the_api_says_what_an_order_is_answered() -> None:
    page = (Path(__file__).parents[2] / "docs/api.md").read_text(encoding="utf-8")
    [row] = [line for line in page.splitlines() if line.startswith("| `POST orders`")]
    order = {"symbol": "BTCUSDT", "side": "Buy", "quantity": "1"}
    with served(filled()) as client:
        stranger, owner = (client.ask("POST", "/api/v1/orders", order, given) for given in (None, TOKEN))
    assert f"{stranger.status} without the token" in row
    assert f"{owner.status} `{owner.json['code']}` with it" in row


def test_no_write_from_another_site() -> None:
    made = filled()
    with served(made) as client:
        strange = (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": f"http://localhost:{client.port + 1}"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        )
        for (method, path, body), headers in itertools.product(WRITES, strange):
            reply = client.ask(method, path, body, TOKEN, headers)
            assert (reply.status, reply.json["code"]) == (403, "cross_site"), (path, headers)
    assert made.commands == []


def test_the_servers_own_page_may_write() -> None:
    made = filled()
    with served(made) as client:
        headers = {"Origin": f"http://127.0.0.1:{client.port}", "Sec-Fetch-Site": "same-origin"}
        body = {"confirm": "PAUSE"}
        assert client.post("commands/pause", body, headers=headers).status == 202


def test_reads_of_another_site_are_refused_too() -> None:
    with served(filled()) as client:
        for path in endpoints():
            assert client.api(path, headers={"Sec-Fetch-Site": "cross-site"}).status == 403


def test_other_host_names_are_refused() -> None:
    rules = GateRules(TOKEN, names=frozenset({"bot.example"}))
    with served(filled(), rules) as client:
        for host in ("evil.example", "10.0.0.1", "127.0.0.1.evil.example", "localhost:x", "", "[::1", "a b"):
            reply = client.get("/api/v1/status", headers={"Host": host})
            assert reply.status in (400, 421), host
        for host in ("localhost", f"127.0.0.1:{client.port}", "[::1]:8000", "LOCALHOST:1", "bot.example"):
            assert client.get("/api/v1/status", headers={"Host": host}).status == 200, host
        assert client.get("/", headers={"Host": "evil.example"}).status == 421


def test_beyond_this_machine_reads_need_the_token_and_addresses_are_hosts() -> None:
    made = filled(reads_need_token=True)
    with served(made, GateRules(TOKEN, is_local=False)) as client:
        for path in ("/api/v1/status", "/metrics"):
            assert client.get(path).status == 401
            assert client.get(path, token=TOKEN).status == 200
        for path in ("/healthz", "/readyz", "/docs", "/openapi.json"):
            assert client.get(path).status in (200, 503)
        assert client.get("/healthz", headers={"Host": "192.168.1.5:8000"}).status == 200
        assert client.get("/healthz", headers={"Host": "rebound.example"}).status == 421


def test_too_much_is_refused() -> None:
    made = filled()
    with served(made) as client:
        large = b'{"confirm": "' + b"x" * 70_000 + b'"}'
        assert client.post("commands/panic", large).status == 413
        deep = b"[" * 60_000
        assert client.post("commands/panic", deep).status in (400, 422)
        assert client.get("/api/v1/status", headers={"X-Long": "x" * 40_000}).status == 413
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert client.post("commands/panic", b"confirm=PANIC", headers=form).status == 415
    assert made.commands == []


def test_a_body_of_untold_length_is_cut_off() -> None:
    with served(filled()) as client, socket.create_connection(("127.0.0.1", client.port), 5) as sock:
        head = (
            f"POST /api/v1/commands/panic HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        sock.sendall(head.encode())
        chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
        sock.sendall(chunk * 3)
        assert sock.recv(64).startswith(b"HTTP/1.1 413")


PATH_TRICKS = (
    *("/../gate.py", "/..%2fgate.py", "/%2e%2e/gate.py", "/static/../../gate.py", "/....//gate.py"),
    *("//etc/passwd", "/%2fetc%2fpasswd", "/..\\gate.py", "/index.html%00.js", "/.env", "/config.json"),
    *("/server.py", "/state/web.token", "/%c0%ae%c0%ae/gate.py", "/js/", "/js/../../gate.py"),
    *("/docs/../gate.py", "/api/v1/../../gate.py", "/api/v1/trades/..%2f..%2fgate.py"),
)


def test_no_path_leads_out_of_the_pages() -> None:
    with served(filled()) as client:
        index = client.get("/").body
        for path in PATH_TRICKS:
            reply = client.get(path)
            if reply.status == 200:
                assert reply.body == index, path
            else:
                assert reply.status in (400, 404), path
                assert reply.json["code"] in ("not_found", "bad_request"), path


def test_every_answer_bears_the_headers() -> None:
    with served(filled()) as client:
        for reply in (
            client.get("/"),
            client.api("status"),
            client.api("nothing"),
            client.get("/docs"),
            client.post("commands/panic", token=None),
            client.get("/", headers={"Host": "evil.example"}),
        ):
            for name, value in SECURITY_HEADERS.items():
                assert reply.headers[name.lower()] == value
            assert "server" not in reply.headers
            assert "access-control-allow-origin" not in reply.headers


def test_who_asks_too_often_must_wait() -> None:
    with served(filled(), rates=RateLimit(0.001, 200)) as client:
        replies = [client.api("status") for _ in range(201)]
        assert replies[0].status == 200
        assert (replies[-1].status, replies[-1].json["code"]) == (429, "rate_limited")
        assert int(replies[-1].headers["retry-after"]) >= 1
        assert client.get("/").status in (200, 404)


def test_neither_strangers_nor_other_sites_use_up_what_the_owner_may_ask() -> None:
    made = filled()
    with served(made, rates=RateLimit(0.001, 30)) as client:
        strange = {"Sec-Fetch-Site": "cross-site"}
        flood = [client.get("/", headers=strange).status for _ in range(31)]
        assert (flood[0], flood[-1]) == (200, 429)
        assert client.api("status").status == 200
        assert [client.post("commands/panic", {}, token="x").status for _ in range(31)][-1] == 429
        assert client.post("commands/panic", {"confirm": "PANIC"}).status == 202


def test_the_bucket_fills_again() -> None:
    now = [0.0]
    rates = RateLimit(20, 40, lambda: now[0])
    assert [rates.wait_s("a") for _ in range(41)] == [0] * 40 + [1]
    assert rates.wait_s("b") == 0
    now[0] = 0.5
    assert [rates.wait_s("a") for _ in range(11)] == [0] * 10 + [1]


@given(st.text(max_size=40))
def test_no_host_of_chance_is_known(host: str) -> None:
    rules = GateRules(TOKEN)
    names = {"localhost", "127.0.0.1", "[::1]", "::1"}
    if rules.knows_host(host):
        bare = host.strip().lower()
        name = bare.partition("]")[0] + "]" if bare.startswith("[") else bare.partition(":")[0]
        assert name.removesuffix(".") in names


def test_secrets_do_not_show_in_the_rules() -> None:
    assert TOKEN not in repr(GateRules(TOKEN))


def test_a_port_that_is_taken_is_the_owners_to_change() -> None:
    with bind("127.0.0.1", 0) as listener, pytest.raises(ConfigError, match="another program listens"):
        bind("127.0.0.1", listener.getsockname()[1])
    with pytest.raises(ConfigError, match=r"web\.host"):
        bind("no host of this world", 0)


def test_the_token_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "web.token"
    token = kept_token(path)
    assert len(token) >= 40
    assert kept_token(path) == token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert kept_token(path) != token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for damaged in (b"\0" * 43, b"a" * 20 + b"\n" + b"b" * 20):
        path.write_bytes(damaged)
        assert kept_token(path).encode() != damaged
        assert len(kept_token(path)) >= 40
    with pytest.raises(ConfigError, match=r"web\.token"):
        own_token("short")
    with pytest.raises(ConfigError, match="cannot be kept"):
        kept_token(tmp_path / "nowhere" / "web.token")


def test_many_answers_go_over_one_connection() -> None:
    with served(filled(), rates=PACE) as client:
        assert isinstance(client, Client)
        with socket.create_connection(("127.0.0.1", client.port), 5) as sock:
            for _ in range(3):
                sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                told = b""
                while not told.endswith(b"ok\n"):
                    told += sock.recv(4096)
                assert told.startswith(b"HTTP/1.1 200")
