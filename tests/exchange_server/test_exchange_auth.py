"""Signatures, the receive window and the limits of parameters."""

from __future__ import annotations

import hashlib
import hmac
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.adapters.exchange.server.auth import ApiKey, KeyRing, check_window
from whalebot.adapters.exchange.server.params import Params
from whalebot.adapters.exchange.server.rate_limits import RateLimits
from whalebot.adapters.exchange.server.refusal import Refused

NOW = 1_700_000_000_000
KEYS = KeyRing((ApiKey("key", "secret"),))


def sign(payload: str, secret: str = "secret") -> str:
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def headers(payload: str, stamp: int = NOW, window: str = "5000", key: str = "key", secret: str = "secret"):
    return {
        "X-BAPI-API-KEY": key,
        "X-BAPI-TIMESTAMP": str(stamp),
        "X-BAPI-RECV-WINDOW": window,
        "X-BAPI-SIGN": sign(f"{stamp}{key}{window}{payload}", secret),
    }


def code_of(call) -> int:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.ret_code


def test_a_request_signed_over_the_bytes_as_sent_is_admitted() -> None:
    payload = "category=linear&cursor=page_token%3D1%26"
    assert KEYS.check_request(headers(payload), payload.encode(), NOW).key == "key"


def test_a_signature_over_other_bytes_is_10004() -> None:
    assert code_of(lambda: KEYS.check_request(headers("a=1"), b"a=2", NOW)) == 10004


def test_an_unknown_key_is_10003_and_missing_headers_are_10001() -> None:
    assert code_of(lambda: KEYS.check_request(headers("", key="other"), b"", NOW)) == 10003
    assert code_of(lambda: KEYS.check_request({}, b"", NOW)) == 10001


@pytest.mark.parametrize(
    ("offset", "window", "is_in"),
    [
        (-5000, "5000", True),
        (-5001, "5000", False),
        (999, "5000", True),
        (1000, "5000", False),
        (1000, "60000", False),
        (-59_999, "60000", True),
        (-5000, "", True),
        (-5001, "", False),
    ],
)
def test_the_window_is_server_minus_recv_window_to_server_plus_1000(offset, window, is_in) -> None:
    if is_in:
        check_window(str(NOW + offset), window, NOW)
    else:
        assert code_of(lambda: check_window(str(NOW + offset), window, NOW)) == 10002


def test_a_socket_signature_must_not_have_expired() -> None:
    expires = str(NOW + 1000)
    assert KEYS.check_socket("key", expires, sign(f"GET/realtime{expires}"), NOW).key == "key"
    assert code_of(lambda: KEYS.check_socket("key", str(NOW), sign(f"GET/realtime{NOW}"), NOW)) == 10004
    assert code_of(lambda: KEYS.check_socket("key", expires, "00", NOW)) == 10004
    assert code_of(lambda: KEYS.check_socket("key", "soon", "00", NOW)) == 10004


def test_a_key_never_shows_its_secret() -> None:
    assert "secret" not in repr(ApiKey("abcdefgh", "topsecret"))
    assert "topsecret" not in str(ApiKey("abcdefgh", "topsecret"))


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=5))
def test_query_strings_come_back_as_they_were_encoded(values: dict[str, str]) -> None:
    from urllib.parse import urlencode

    values.pop("", None)
    params = Params.from_query(urlencode(values))
    assert {name: params.raw(name) for name in values} == values


@pytest.mark.parametrize("body", [b"[1]", b"nonsense", b'"text"', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_not_a_json_object_is_10001(body: bytes) -> None:
    assert code_of(lambda: Params.from_body(body)) == 10001


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", "abc", "1" * 60, "0x10"])
def test_numbers_must_be_finite_and_of_a_sane_length(text: str) -> None:
    assert code_of(lambda: Params({"qty": text}).decimal("qty")) == 10001


def test_typed_parameters() -> None:
    params = Params({"qty": "0.10", "n": 5, "yes": True, "no": "false", "limit": "5000", "o": [{"a": 1}]})
    assert params.decimal("qty") == Decimal("0.10")
    assert params.integer("n", 0) == 5
    assert params.flag("yes")
    assert not params.flag("no")
    assert not params.flag("absent")
    assert params.limit(20, 50) == 50
    assert params.objects("o", 3)[0].integer("a", 0) == 1
    assert code_of(lambda: params.objects("o", 0)) == 10001
    assert code_of(lambda: params.required("absent")) == 10001
    assert code_of(lambda: params.choice("qty", ("a", "b"))) == 10001
    assert code_of(lambda: Params({"limit": "0"}).limit(20, 50)) == 10001


def test_the_eleventh_request_of_a_second_is_one_too_many() -> None:
    now = [NOW]
    limits = RateLimits(True, lambda: now[0], lambda: False)
    verdicts = [limits.take("key", "/v5/order/create", 10) for _ in range(11)]
    assert [verdict.is_allowed for verdict in verdicts] == [True] * 10 + [False]
    assert verdicts[0].headers()["X-Bapi-Limit-Status"] == "9"
    assert verdicts[10].headers()["X-Bapi-Limit-Reset-Timestamp"] == str(NOW + 1000)
    assert limits.take("key", "/v5/order/cancel", 10).is_allowed
    now[0] += 1000
    assert limits.take("key", "/v5/order/create", 10).is_allowed


def test_a_batch_counts_every_order_and_is_refused_as_a_whole() -> None:
    limits = RateLimits(True, lambda: NOW, lambda: False)
    assert limits.take("key", "batch", 10, 8).remaining == 2
    assert not limits.take("key", "batch", 10, 3).is_allowed
    assert limits.take("key", "batch", 10, 2).is_allowed


def test_without_limits_everything_passes_but_a_burst_does_not() -> None:
    burst = [False]
    limits = RateLimits(False, lambda: NOW, lambda: burst[0])
    assert all(limits.take("key", "create", 1).is_allowed for _ in range(100))
    assert all(limits.take_address() for _ in range(1000))
    burst[0] = True
    assert not limits.take("key", "create", 1).is_allowed


def test_the_601st_request_of_an_address_in_five_seconds_is_forbidden() -> None:
    limits = RateLimits(True, lambda: NOW, lambda: False)
    assert [limits.take_address() for _ in range(601)].count(True) == 600
