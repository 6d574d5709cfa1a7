"""Websocket frames as bytes, built once and written to every subscriber."""

from __future__ import annotations

import struct
from typing import Final

_TEXT: Final = 0x81
_PING: Final = 0x89
_PONG: Final = 0x8A


def text_frame(payload: bytes) -> bytes:
    """Return an unmasked, uncompressed text frame that holds `payload`."""
    return _header(_TEXT, len(payload)) + payload


def ping_frame(payload: bytes) -> bytes:
    """Return a ping control frame; `payload` has 125 bytes at most."""
    return _header(_PING, len(payload)) + payload


def pong_frame(payload: bytes) -> bytes:
    """Return a pong control frame; `payload` has 125 bytes at most."""
    return _header(_PONG, len(payload)) + payload


def _header(opcode: int, length: int) -> bytes:
    if length < 126:
        return bytes((opcode, length))
    if length < 65_536:
        return struct.pack("!BBH", opcode, 126, length)
    return struct.pack("!BBQ", opcode, 127, length)
