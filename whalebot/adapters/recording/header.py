"""What a journal says of itself at the head of every file: who recorded, how set up, from where on."""

from __future__ import annotations

from typing import Any, Final

import msgspec

FORMAT: Final = 1


class JournalHeader(msgspec.Struct, frozen=True):
    """Everything a replay needs besides the events.

    `started_ms`: local time, ms UTC. `config`: the configuration without secrets. `settings`: those of the
    engine. `state`: the document it took up. `versions`: of everything that decides numbers, by name.
    `part` counts files from 1; `previous` is the digest at which the part before ended, b"" in the first;
    `first` the number of the first event in this part.
    """

    format: int
    mode: str
    started_ms: int
    config: dict[str, Any]
    settings: msgspec.Raw
    state: msgspec.Raw
    versions: dict[str, str]
    part: int = 1
    previous: bytes = b""
    first: int = 0


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(JournalHeader)


def encode_header(header: JournalHeader) -> bytes:
    """Return a header as MessagePack."""
    return _encoder.encode(header)


def decode_header(content: bytes) -> JournalHeader:
    """Return a header. Raises ValueError for another format, saying which this program reads."""
    found = msgspec.msgpack.decode(content)
    version = found.get("format") if isinstance(found, dict) else None
    if version != FORMAT:
        raise ValueError(f"journal format {version!r}; this version of whalebot reads format {FORMAT}")
    return _decoder.decode(content)
