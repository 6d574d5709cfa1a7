"""One record of the trail as a line of JSON, and the hash that chains it to the one before."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

FIRST_PREV: Final = "0" * 64
"""What the very first record names as the hash before it."""
MOST_TEXT: Final = 2_000
"""Characters of one value; what is longer is cut and says so."""

_HASH_MEMBER: Final = re.compile(rb',"hash":"([0-9a-f]{64})"}\Z')


@dataclass(frozen=True, slots=True)
class Context:
    """What stands in every record besides its own facts. `config`: fingerprint of what decides trades."""

    version: str
    mode: str
    config: str


class AuditRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One record. `ts` is ISO-8601 UTC with milliseconds; `seq` counts from 1 without a hole."""

    seq: int
    ts: str
    version: str
    mode: str
    config: str
    kind: str
    actor: str
    fields: dict[str, str]
    prev: str
    hash: str


class _Body(msgspec.Struct, frozen=True):
    seq: int
    ts: str
    version: str
    mode: str
    config: str
    kind: str
    actor: str
    fields: Mapping[str, str]
    prev: str


def encode_line(
    seq: int, ts: str, context: Context, kind: str, actor: str, fields: Mapping[str, str], prev: str
) -> tuple[bytes, str]:
    """Return the line with its end, and its hash: sha256 over `prev` and the line without its hash."""
    shown = {name: _short(value) for name, value in fields.items()}
    body = msgspec.json.encode(
        _Body(seq, ts, context.version, context.mode, context.config, kind, actor, shown, prev)
    )
    digest = _digest(prev.encode(), body)
    return body[:-1] + b',"hash":"' + digest.encode() + b'"}\n', digest


def decode_line(line: bytes) -> AuditRecord:
    """Return the record of a line without its end; ValueError where its hash or its form is wrong."""
    found = _HASH_MEMBER.search(line)
    if found is None:
        raise ValueError("does not end with a hash")
    record = _decoded(line)
    if _digest(record.prev.encode(), line[: found.start()] + b"}") != record.hash:
        raise ValueError("its hash does not match what stands there")
    return record


def _decoded(line: bytes) -> AuditRecord:
    try:
        # Unpaired surrogates and other bytes that are no text must not pass either.
        str(line, "utf-8")
        return msgspec.json.decode(line, type=AuditRecord)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _digest(prev: bytes, body: bytes) -> str:
    return hashlib.sha256(prev + body).hexdigest()


def _short(value: str) -> str:
    if len(value) <= MOST_TEXT:
        return value
    return f"{value[:MOST_TEXT]}... ({len(value)} characters)"
