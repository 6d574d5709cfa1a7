"""Hides secrets by their value, in every spelling in which a program may print them."""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus, urlsplit

MASK: Final = "***"
_SHORTEST_SECRET: Final = 4
_SHORTEST_PART: Final = 8
_SHORTEST_CORE: Final = 6


class SecretMasker:
    """Replaces known secrets in texts. Thread-safe; secrets can be added at any time.

    Knows a secret as it stands, and percent-encoded, in base64 (also inside a longer encoded text), in hex,
    escaped for JSON, HTML and Python. Of an address it knows the parts that can be secret on their own.
    Secrets shorter than 4 characters are not masked: they would hide ordinary words.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Learn secrets; from now on none of them passes."""
        with self._lock:
            for secret in secrets:
                for part in _parts(secret):
                    self._forms.update(_spellings(part))
            # The longest first, so that no spelling survives behind a shorter one inside it.
            ordered = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def mask(self, text: str) -> str:
        """Return the text with every spelling of every secret replaced."""
        pattern = self._pattern
        return pattern.sub(MASK, text) if pattern is not None else text

    def __repr__(self) -> str:
        return f"SecretMasker({len(self._forms)} spellings)"


def _parts(secret: str) -> Iterator[str]:
    if len(secret) >= _SHORTEST_SECRET:
        yield secret
        stripped = secret.strip()
        if len(stripped) >= _SHORTEST_SECRET:
            yield stripped
    if "\n" in secret:
        yield from (line.strip() for line in secret.splitlines() if len(line.strip()) >= _SHORTEST_PART)
    if "://" in secret:
        yield from (part for part in _address_parts(secret) if len(part) >= _SHORTEST_PART)


def _address_parts(address: str) -> Iterator[str]:
    """What in an address may be secret on its own: everything but scheme and a host with a dot."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return
    host = parts.netloc.rpartition("@")[2]
    if "." not in host:
        yield host
    yield parts.username or ""
    yield parts.password or ""
    yield from parts.path.split("/")
    yield parts.query
    yield from (value.partition("=")[2] for value in parts.query.split("&"))
    yield parts.fragment


def _spellings(secret: str) -> Iterator[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    yield secret
    for encoded in (quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace")):
        yield encoded
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), encoded)
    yield quote(secret, errors="replace")
    yield raw.hex()
    yield raw.hex().upper()
    yield repr(raw)[2:-1]
    yield html.escape(secret)
    for escaped in _escapings(secret):
        yield escaped
        yield from _escapings(escaped)  # JSON in JSON, JSON in a repr
    yield from _base64_spellings(raw)


def _escapings(text: str) -> Iterator[str]:
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield repr(text)[1:-1]


def _base64_spellings(raw: bytes) -> Iterator[str]:
    """The encoding on its own, and what stays constant of it at each alignment in a longer text."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode()
        yield whole
        yield whole.rstrip("=")
        for shift in (0, 1, 2):
            core = encode(b"\0" * shift + raw).decode()
            first = (0, 2, 3)[shift]
            last = len(core.rstrip("=")) - (0 if (shift + len(raw)) % 3 == 0 else 1)
            if last - first >= _SHORTEST_CORE:
                yield core[first:last]
