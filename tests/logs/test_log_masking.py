"""The key and the secret in every place that can reach a log: no file and no terminal shows them."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.adapters.logs.masking import MASK, SecretMasker
from whalebot.adapters.logs.system import LogSettings, LogSystem

KEY = "Xy7Kq2LmN9pRs4Tv"
SECRET = 'aZ9/+=&"b\\c d<e>é-0123456789'
PEM = "-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG9w0B\nAQEFAASCAUAwggE8AgEAAkEA\n-----END KEY-----\n"
HOOK = "https://hooks.example.com/services/T00000000/B11111111/xxSECRETPATHxx?token=qqTOKENqqTOKEN"
SECRETS = (KEY, SECRET, PEM, HOOK)
FORBIDDEN = (
    KEY,
    SECRET,
    "MIIBVgIBADANBgkqhkiG9w0B",
    "AQEFAASCAUAwggE8AgEAAkEA",
    "xxSECRETPATHxx",
    "qqTOKENqqTOKEN",
    "T00000000",
    quote(SECRET, safe=""),
    quote_plus(SECRET),
    json.dumps(SECRET)[1:-1],
    repr(SECRET)[1:-1],
    SECRET.encode().hex(),
    base64.b64encode(SECRET.encode()).decode(),
    base64.b64encode(KEY.encode()).decode().rstrip("="),
)


@dataclass
class Output:
    """Where a log system of a test writes."""

    system: LogSystem
    masker: SecretMasker
    folder: Path
    terminal: io.StringIO

    def text(self) -> str:
        """Stop logging and return everything that was written."""
        self.system.stop()
        files = "".join(file.read_text() for file in sorted(self.folder.iterdir()))
        return files + self.terminal.getvalue()


@contextmanager
def logging_into(tmp_path: Path) -> Iterator[Output]:
    """Log into a folder. Not a fixture: logging is taken over from pytest while the test itself runs."""
    masker, terminal = SecretMasker(SECRETS), io.StringIO()
    settings = LogSettings(
        tmp_path / "logs/whalebot.log",
        tmp_path / "logs/events.jsonl",
        logging.DEBUG,
        terminal,
        logging.DEBUG,
    )
    system = LogSystem(settings, masker)
    try:
        yield Output(system, masker, tmp_path / "logs", terminal)
    finally:
        system.stop()


class Holder:
    def __init__(self, secret: str) -> None:
        self.inner = {"deep": [secret, (secret.encode(),)]}

    def __repr__(self) -> str:
        return f"Holder({self.inner!r})"


def raise_with(secret: str) -> None:
    try:
        raise ValueError(f"inner {secret}")
    except ValueError as e:
        raise RuntimeError("outer", secret, Holder(secret)) from e


def say_everywhere(secret: str) -> None:
    log = logging.getLogger("whalebot.test")
    log.info("in the message %s" % secret)  # noqa: UP031  on purpose: the message itself holds it
    log.info("an argument %s and %r", secret, secret)
    log.info("nested %r", {"headers": {"X-BAPI-API-KEY": secret, "list": [Holder(secret)]}})
    log.info("bytes %r", secret.encode())
    log.info("json %s", json.dumps({"key": secret}))
    log.info("json in json %s", json.dumps({"body": json.dumps({"key": secret})}))
    log.info(
        "url https://u:%s@x.example/?%s", quote(secret, safe=""), urlencode({"k": secret, "l": [secret]})
    )
    log.info("basic %s", base64.b64encode(f"user:{secret}".encode()).decode())
    for shift in range(3):
        log.info("base64 %s", base64.b64encode(b"x" * shift + secret.encode() + b"tail").decode())
    log.info("hex %s %s", secret.encode().hex(), secret.encode().hex().upper())
    log.info("an event", extra={"kind": secret, "symbol": secret, "fields": (("k", secret), (secret, "v"))})
    log.info("fields", extra={"fields": {"nested": {"a": [secret, {secret: 1}]}}})
    log.info("for the screen", extra={"screen": f"on the screen {secret}"})
    log.info("wrong arguments %s %s %d", secret, secret, secret)
    log.error("stack", stack_info=True)
    try:
        raise_with(secret)
    except RuntimeError:
        log.exception("with a traceback %s", secret)
    logging.getLogger("pybit").warning("Request headers %s", {"X-BAPI-API-KEY": secret})
    logging.getLogger("root.of.another").error("library %s", secret)


@pytest.mark.parametrize("secret", SECRETS, ids=["key", "secret", "pem", "hook"])
def test_no_secret_reaches_a_log(secret, tmp_path) -> None:
    with logging_into(tmp_path) as output:
        say_everywhere(secret)
        text = output.text()
    assert "in the message" in text
    assert "library" in text
    assert "on the screen ***" in text
    assert MASK in text
    for form in FORBIDDEN:
        assert form not in text, form


def test_stray_tracebacks_and_warnings_are_masked_too(tmp_path) -> None:
    with warnings.catch_warnings(), logging_into(tmp_path) as output:
        warnings.simplefilter("always")
        thread = threading.Thread(target=raise_with, args=(KEY,), name="stray")
        thread.start()
        thread.join(30)
        warnings.warn(f"beware of {KEY}", stacklevel=1)
        try:
            raise_with(KEY)
        except RuntimeError as e:
            sys.excepthook(type(e), e, e.__traceback__)
        text = output.text()
    assert "unhandled RuntimeError in thread stray" in text
    assert "unhandled RuntimeError in the main thread" in text
    assert "beware of" in text
    assert KEY not in text


def test_a_secret_learnt_later_is_masked_from_then_on(tmp_path) -> None:
    with logging_into(tmp_path) as output:
        output.masker.add("made-for-this-run")
        logging.getLogger("whalebot").info("key made-for-this-run")
        assert "made-for-this-run" not in output.text()


def test_masked_events_are_still_json_lines(tmp_path) -> None:
    with logging_into(tmp_path) as output:
        output.masker.add("123456")
        for secret in SECRETS:
            say_everywhere(secret)
        fields = {"n": 123456, "f": 1.5, "t": True, "u": None}
        logging.getLogger("whalebot").info("x", extra={"fields": fields})
    events = [json.loads(line) for line in (output.folder / "events.jsonl").read_text().splitlines()]
    assert events[-1]["fields"] == {"n": MASK, "f": 1.5, "t": True, "u": None}


def test_the_masker_shows_nothing_of_itself() -> None:
    masker = SecretMasker([KEY])
    assert KEY not in repr(masker)
    assert KEY not in str(vars(masker).keys())


def test_words_too_short_to_be_secrets_are_left_alone() -> None:
    assert SecretMasker(["", "ab", "abc"]).mask("ab abc") == "ab abc"
    assert SecretMasker().mask("anything") == "anything"


texts = st.text(min_size=4, max_size=40).filter(lambda text: not set(text) <= {"*"})


@given(secret=texts, before=st.text(max_size=10), after=st.text(max_size=10))
def test_no_spelling_of_any_secret_passes(secret, before, after) -> None:
    masker = SecretMasker([secret])
    raw = secret.encode("utf-8", "surrogatepass")
    for spelling in (secret, raw.hex(), json.dumps(secret)[1:-1], base64.b64encode(raw).decode()):
        masked = masker.mask(before + spelling + after)
        assert MASK in masked
        kept = re.sub(re.escape(MASK), "", masked)
        assert spelling not in kept or spelling in before + after or len(kept) >= len(before + after)


@given(secret=st.binary(min_size=12, max_size=40), before=st.binary(max_size=9), after=st.binary(max_size=9))
def test_base64_of_a_longer_text_keeps_nothing_that_reveals_the_secret(secret, before, after) -> None:
    text = secret.hex()
    encoded = base64.b64encode(before + text.encode() + after).decode()
    left = SecretMasker([text]).mask(encoded).split(MASK)
    assert len(left) > 1
    for part in (piece[start:] for piece in left for start in range(4)):
        whole = part[: len(part) // 4 * 4]
        assert text[3:-3].encode() not in base64.b64decode(whole)
