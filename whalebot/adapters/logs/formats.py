"""How a record becomes a line: for people, for machines, for a terminal."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from whalebot.adapters.logs.masking import SecretMasker

KIND: Final = "kind"
"""Extra of a record: a stable word for machines."""
SYMBOL: Final = "symbol"
"""Extra of a record: the instrument it speaks of."""
FIELDS: Final = "fields"
"""Extra of a record: its facts, a mapping or pairs of texts."""
EVENT_ONLY: Final = "event_only"
"""Extra of a record: True keeps it out of the log for people and off the terminal."""
SCREEN: Final = "screen"
"""Extra of a record: its text as the terminal shows it, colours and all, instead of the plain one."""
SHOWN: Final = "shown"
"""Extra of a record: True where the terminal shows it already in another form."""

_LEVELS: Final = {
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warning",
    logging.ERROR: "error",
    logging.CRITICAL: "critical",
}


def utc_text(record: logging.LogRecord) -> str:
    """Return the time of a record as ISO-8601 with milliseconds, UTC."""
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def printable(text: str) -> str:
    """Return a text on one line in which no character is an order to a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class MaskingFormatter(logging.Formatter):
    """Root of the formatters here: whatever a line is made of, it is masked as a whole, last."""

    def __init__(self, masker: SecretMasker) -> None:
        super().__init__()
        self._masker = masker

    def format(self, record: logging.LogRecord) -> str:
        """Return the masked line."""
        return self._masker.mask(self.line(record))

    def line(self, record: logging.LogRecord) -> str:
        """Return the line before masking."""
        return super().format(record)

    def head_and_traceback(self, head: str, record: logging.LogRecord) -> str:
        """Return a line of a log, and below it the traceback, set in: no text in either can pose as a line.

        What a terminal would obey is written as Python writes it, as \\x1b; a line end in `head` too.
        """
        # Masked before it is escaped: a secret may hold what is escaped here.
        lines = [printable(self._masker.mask(head))]
        if traceback := self.traceback(record):
            lines += [f"  {printable(line)}" for line in self._masker.mask(traceback).split("\n")]
        return "\n".join(lines)

    def traceback(self, record: logging.LogRecord) -> str:
        """Return the traceback of a record as it is, "" where it has none."""
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        parts = (record.exc_text, self.formatStack(record.stack_info) if record.stack_info else "")
        return "\n".join(part for part in parts if part)


class HumanFormatter(MaskingFormatter):
    """`2025-01-01T00:00:00.000+00:00 INFO    BTCUSDT text`, a traceback on lines of its own."""

    def line(self, record: logging.LogRecord) -> str:
        """Return the line before masking."""
        return self.head_and_traceback(
            f"{utc_text(record)} {record.levelname:<8} {_with_symbol(record)}", record
        )


class EventFormatter(MaskingFormatter):
    """One JSON object a line: ts, level, source, kind, symbol, text, fields, traceback."""

    def line(self, record: logging.LogRecord) -> str:
        """Return the line before masking."""
        event: dict[str, Any] = {
            "ts": utc_text(record),
            "level": _LEVELS.get(record.levelno, record.levelname.lower()),
            "source": record.name,
            "kind": getattr(record, KIND, "") or "log",
            "symbol": getattr(record, SYMBOL, ""),
            "text": message_of(record),
            "fields": _as_dict(getattr(record, FIELDS, None)),
            "traceback": self.traceback(record),
        }
        kept = {name: self._masked(value) for name, value in event.items() if value not in ("", {}, None)}
        line = json.dumps(kept, ensure_ascii=False, default=str)
        # Line ends and escapes beyond ASCII, which JSON lets pass.
        return (
            line
            if line.isprintable()
            else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)
        )

    def _masked(self, value: Any) -> Any:
        """Mask texts and numbers one by one: a mask put into the finished line could break its JSON."""
        if isinstance(value, dict):
            return {self._masker.mask(str(name)): self._masked(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._masked(item) for item in value]
        if value is None or isinstance(value, bool):
            return value
        text = str(value)
        masked = self._masker.mask(text)
        return value if masked == text and isinstance(value, int | float) else masked


class TerminalFormatter(MaskingFormatter):
    """`00:00:00 text` in the owner's time zone, the level in front from warnings on, coloured on request."""

    def __init__(self, masker: SecretMasker, zone: tzinfo, colours: Mapping[int, str], reset: str) -> None:
        super().__init__(masker)
        self._zone = zone
        self._colours = colours
        self._reset = reset

    def line(self, record: logging.LogRecord) -> str:
        """Return the line before masking."""
        at = datetime.fromtimestamp(record.created, self._zone).strftime("%H:%M:%S")
        screen = getattr(record, SCREEN, "")
        if screen:
            return f"{at} {screen}"
        level = f"{record.levelname} " if record.levelno >= logging.WARNING else ""
        text = self.head_and_traceback(f"{at} {level}{_with_symbol(record)}", record)
        colour = self._colours.get(record.levelno, "")
        return f"{colour}{text}{self._reset}" if colour else text


def message_of(record: logging.LogRecord) -> str:
    """Return the text of a record; arguments that do not fit it are shown, never raised."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError) as e:
        return f"{record.msg!r} with arguments {record.args!r} ({e.__class__.__name__})"


def _with_symbol(record: logging.LogRecord) -> str:
    """The text with its instrument in front, once."""
    symbol, text = str(getattr(record, SYMBOL, "")), message_of(record)
    return f"{symbol} {text}" if symbol and not text.startswith(symbol) else text


def _as_dict(fields: Any) -> dict[str, Any]:
    if not fields:
        return {}
    try:
        return {str(name): value for name, value in dict(fields).items()}
    except (TypeError, ValueError):
        return {"value": str(fields)}
