"""Addresses that seem to lead to Bybit or to this machine, and do not."""

from __future__ import annotations

import pytest

from whalebot.adapters.bybit.hosts import check_urls, is_venue
from whalebot.app.config.environment import Environment
from whalebot.app.config.loading import check_text
from whalebot.app.config.problems import ConfigProblems
from whalebot.domain.addresses import is_loopback
from whalebot.domain.errors import ConfigError

TRICKS = [
    "http://127.0.0.1@evil.example",
    "http://127.0.0.1:8899@evil.example:80/",
    "http://evil.example\\@127.0.0.1",
    "http://127.0.0.1\\.evil.example",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://localhost.",
    "http://127.1",
    "http://2130706433",
    "http://0x7f000001",
    "http://0177.0.0.1",
    "http://0.0.0.0:8899",
    "http://[::]",
    "http://[::ffff:8.8.8.8]",
    "http://[fe80::1%25eth0]",
    "http://127.0.0.1%2eevil.example",
    "http://localhost%00.evil.example",
    "http://127.0.0.1\t.evil.example",
    "http://loopback.example",  # a name that resolves to this machine today may resolve elsewhere tomorrow
    "http://127.0.0.\u0661",
    "http://\u24db\u24de\u24d2alhost",
    "http://127.0.0.1?@evil.example",
    "http://127.0.0.1#@evil.example",
    "https://evil.example\\.bybit.com",
    "https://evil.example\t.bybit.com",
    "https://evil.example%2f.bybit.com",
    "https://evil.example;.bybit.com",
    "https://evil.example?.bybit.com",
    "https://evil.example#.bybit.com",
    "https://evil.example\uff0f.bybit.com",
    "https://api.bybit.com.evil.example",
    "https://api.bybit.com@evil.example",
    "https://bybit.com.",
    "https://xbybit.com",
    "https://api-bybit.com",
    "https://bybit.co",
    "https://api.b\u0443bit.com",
    "https://",
    "https:///v5",
    "file:///etc/passwd",
    "ftp://api.bybit.com",
    "javascript:alert(1)",
    " https://api.bybit.com",
    "https://api.bybit.com\r\nHost: evil.example",
]


@pytest.mark.parametrize("url", TRICKS)
def test_a_real_key_goes_to_none_of_these(url: str) -> None:
    with pytest.raises(ConfigError, match=r"exchange\.rest_url"):
        check_urls(
            rest_url=url,
            ws_public_url="wss://stream.bybit.com/v5/public/linear",
            ws_private_url="wss://stream.bybit.com/v5/private",
            real_keys=True,
        )


@pytest.mark.parametrize("url", TRICKS)
def test_the_configuration_refuses_them_by_the_name_of_the_key(url: str) -> None:
    import json

    exchange = {
        "rest_url": url,
        "ws_public_url": "wss://stream.bybit.com/v5/public/linear",
        "ws_private_url": "wss://stream.bybit.com/v5/private",
    }
    text = json.dumps({"mode": "testnet", "exchange": exchange})
    with pytest.raises(ConfigProblems) as told:
        check_text(text, "config.json", Environment({}), {})
    assert {problem.path for problem in told.value.problems} == {("exchange", "rest_url")}


@pytest.mark.parametrize("scheme", ["ws", "http"])
@pytest.mark.parametrize("host", ["192.168.1.5", "exchange.lan", "[fd00::1]", "169.254.0.1"])
def test_plain_text_stays_on_this_machine_without_keys_too(scheme: str, host: str) -> None:
    rest = f"http://{host}" if scheme == "http" else "http://127.0.0.1"
    public = f"ws://{host}/x" if scheme == "ws" else "ws://127.0.0.1/x"
    with pytest.raises(ConfigError, match="unencrypted"):
        check_urls(rest_url=rest, ws_public_url=public, ws_private_url=None, real_keys=False)


def test_what_is_this_machine_and_what_is_the_venue() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.255.0.9", "::1", "localhost", "LOCALHOST")))
    assert not any(map(is_loopback, ("", "::1%lo", "0.0.0.0", "::", "192.168.1.1", "localhost.localdomain")))
    assert all(map(is_venue, ("bybit.com", "api.bybit.com", "api-testnet.bybit.com")))
    assert not any(map(is_venue, ("", ".bybit.com", "x\\.bybit.com", "a b.bybit.com")))


def test_a_secret_put_into_any_place_of_the_configuration_is_learnt() -> None:
    environment = Environment({"CLOUD_SECRET_KEY": "9876543210123", "PAIR": "ETHUSDT"})
    text = '{"symbol": "${PAIR}", "exchange": {"account_id": "${CLOUD_SECRET_KEY}"}}'
    loaded = check_text(text, "config.json", environment, {})
    assert loaded.secrets == ("9876543210123",)
