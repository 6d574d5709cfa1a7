"""A venue that repeats the key in what it says: the key is shown nowhere."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from whalebot.adapters.alerts.system import AlertSystem
from whalebot.adapters.bybit.auth import Credentials
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.rest import RestClient, RestFactory, RestSettings
from whalebot.adapters.control.client import ask
from whalebot.adapters.control.server import ControlServer
from whalebot.adapters.logs.masking import SecretMasker
from whalebot.adapters.logs.system import LogSettings, LogSystem
from whalebot.domain.enums import Level
from whalebot.domain.errors import WhalebotError
from whalebot.domain.events import Event
from whalebot.runtime.clock import SystemClock

KEY, SECRET = "AbCdEf0123456789xY", "s3cretS3cret/+=&<\"'\\0123456789abcdef"


class Silent:
    """A sink nobody reads."""

    def put(self, event: Event) -> None:
        """Nothing happens."""

    def wait_settled(self, timeout_s: float) -> bool:
        return True


@pytest.fixture
def client() -> Iterator[RestClient]:
    endpoints = Endpoints("http://127.0.0.1:1", "ws://127.0.0.1:1", None)
    settings = RestSettings(endpoints, ("BTCUSDT",), Credentials(KEY, SECRET))
    made = RestFactory(settings, SystemClock(), lambda _: None).client()
    yield made
    made.close()


@pytest.mark.parametrize("code", [10003, 10004, 10005, 10001, 110007, 10016, 10006, 33004, 999])
def test_a_refusal_that_quotes_the_key_is_shown_without_it(client: RestClient, code: int) -> None:
    """The venue answers a wrong signature with the text that was signed, the key in it."""
    said = f"error sign! origin_string[1658385579423{KEY}5000category=linear] {SECRET} \x1b[2J\r\nfaked line"
    body = json.dumps({"retCode": code, "retMsg": said, "result": {}, "time": 1}).encode()

    def send(request: requests.PreparedRequest, **_: Any) -> requests.Response:
        raw = urllib3.HTTPResponse(io.BytesIO(body), {}, 200, preload_content=False)
        return requests.adapters.HTTPAdapter().build_response(request, raw)

    with mock.patch.object(client.session.client, "send", send), pytest.raises(WhalebotError) as told:
        client.account.snapshot()
    text = str(told.value)
    assert KEY not in text
    assert SECRET not in text
    assert text.isprintable(), "nothing that steers a terminal or fakes a line of the log"
    chain = told.value.__cause__ or (None if told.value.__suppress_context__ else told.value.__context__)
    assert KEY not in repr(chain)


def test_status_and_alerts_are_masked_value_by_value(tmp_path: Path) -> None:
    masker = SecretMasker([KEY, SECRET])
    path = tmp_path / "c.sock"
    health = {"why": f"refused: {KEY}", KEY: [SECRET, {"deep": f"<{SECRET}>"}], "number": 12345}
    server = ControlServer(path, Silent(), SystemClock(), lambda: None, lambda: health, mask=masker.mask)
    server.start()
    try:
        answer = ask(path, "status")
    finally:
        server.stop()
    assert KEY not in repr(answer)
    assert SECRET not in repr(answer)
    assert answer["health"]["number"] == 12345

    sent: list[str] = []

    class Channel:
        name, min_level = "x", Level.INFO

        def deliver(self, level: Level, title: str, text: str) -> bool:
            sent.append(f"{title} {text}")
            return True

    alerts = AlertSystem([Channel()], SystemClock(), mask=masker.mask)
    alerts.send(Level.CRITICAL, f"key {KEY}", f"secret {SECRET}")
    assert alerts.stop()
    assert sent == ["key *** secret ***"]


SPELLINGS = {
    "plain": lambda s: s,
    "json": json.dumps,
    "repr": repr,
    "bytes": lambda s: repr(s.encode()),
    "url": lambda s: quote(s, safe=""),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "basic auth": lambda s: base64.b64encode(f"user:{s}".encode()).decode(),
    "hex": lambda s: s.encode().hex(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_tracebacks_warnings_and_fields_hold_no_spelling_of_a_secret(tmp_path: Path, spelling: str) -> None:
    text = SPELLINGS[spelling](SECRET)
    logs = LogSystem(LogSettings(tmp_path / "w.log", tmp_path / "e.jsonl"), SecretMasker([SECRET]))
    try:
        log = logging.getLogger("whalebot.test")
        try:
            raise ValueError(f"inner {text}")
        except ValueError:
            log.exception("outer %s", text, extra={"fields": {"why": text, text: 1}})
    finally:
        logs.stop()
    for file in tmp_path.iterdir():
        written = file.read_text()
        assert "outer" in written
        assert text not in written
        assert SECRET not in written


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=40))
def test_no_spelling_of_any_secret_passes(secret: str) -> None:
    masker = SecretMasker([secret])
    for name, spell in SPELLINGS.items():
        spelled = spell(secret)
        shown = masker.mask(f"before {spelled} after")
        assert secret not in shown, name
        if name != "basic auth":
            assert spelled not in shown, name
