"""A text from outside stays a text: it fakes no line of the log and steers no terminal."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from whalebot.adapters.logs.formats import EventFormatter, HumanFormatter, MaskingFormatter, TerminalFormatter
from whalebot.adapters.logs.masking import SecretMasker

FAKE = "x\n2026-01-01T00:00:00.000+00:00 INFO     FAKE\x1b[2J\r\x9b2J\u2028y"
SHOWN = r"x\n2026-01-01T00:00:00.000+00:00 INFO     FAKE\x1b[2J\r\x9b2J\u2028y"


def formatters(masker: SecretMasker) -> tuple[MaskingFormatter, ...]:
    return HumanFormatter(masker), TerminalFormatter(masker, UTC, {}, "")


def failed(text: str) -> logging.LogRecord:
    try:
        raise ValueError(text)
    except ValueError:
        return logging.LogRecord("whalebot.x", logging.ERROR, "", 0, "broke: %s", (text,), sys.exc_info())


def test_a_message_is_one_line_that_orders_nothing() -> None:
    record = logging.LogRecord("whalebot.x", logging.INFO, "", 0, "order %s", (FAKE,), None)
    for formatter in formatters(SecretMasker()):
        assert formatter.format(record).endswith(f"order {SHOWN}")


def test_a_traceback_is_set_in_and_orders_nothing() -> None:
    for formatter in formatters(SecretMasker()):
        first, *rest = formatter.format(failed(FAKE)).splitlines()
        assert first.endswith(f"broke: {SHOWN}")
        assert rest[0] == "  Traceback (most recent call last):"
        assert all(line.startswith("  ") and line.isprintable() for line in rest)
        assert any("FAKE\\x1b[2J" in line for line in rest)


def test_what_our_own_screen_draws_stays_as_it_is() -> None:
    record = logging.LogRecord("whalebot.x", logging.INFO, "", 0, "plain", None, None)
    record.screen = "\x1b[32mprice\x1b[0m\nsecond line"
    line = TerminalFormatter(SecretMasker(), UTC, {}, "").format(record)
    assert line.endswith(" \x1b[32mprice\x1b[0m\nsecond line")


@given(st.text(min_size=1), st.text(min_size=8))
def test_no_text_makes_a_line_or_lets_a_secret_out(text: str, secret: str) -> None:
    masker = SecretMasker([secret])
    record = failed(f"{text}{secret}")
    for formatter in formatters(masker):
        first, *rest = formatter.format(record).split("\n")
        assert all(line.startswith("  ") for line in rest)
        assert all(line.isprintable() for line in (first, *rest))
    record = logging.LogRecord("whalebot.x", logging.INFO, "", 0, "%s", (f"<{secret}>",), None)
    assert formatters(masker)[0].format(record).endswith("INFO     <***>")


@given(st.text())
def test_an_event_is_one_printable_line_of_json(text: str) -> None:
    line = EventFormatter(SecretMasker()).format(failed(text))
    assert line.isprintable()
    assert json.loads(line)["text"] == f"broke: {text}"
