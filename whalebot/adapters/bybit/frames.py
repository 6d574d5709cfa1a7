"""Websocket frames out of a byte stream (RFC 6455, client side): the hot part of receiving.

The handshake, TLS and sending are websocket-client's. Its own reader takes three system calls and several
objects per frame; this one cuts all frames of a received block in one pass.
"""

from __future__ import annotations

from typing import Final

from whalebot.domain.errors import TransportError

TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024

_CONTINUATION: Final = 0x0
_FIN: Final = 0x80
_RESERVED: Final = 0x70
_MOST_FRAGMENTS: Final = 10_000
_FINAL_TEXT: Final = _FIN | TEXT


class FrameReader:
    """Incremental reader; feed it what the socket gave, get whole messages.

    `begun_s`: when the message that `is_unfinished` began to arrive, on the clock of `feed`.
    """

    __slots__ = ("_message", "_message_bytes", "_message_opcode", "_need", "_rest", "begun_s")

    def __init__(self) -> None:
        self.begun_s = 0.0
        self._rest = bytearray()
        self._need = 0
        self._message: list[bytes] = []
        self._message_bytes = 0
        self._message_opcode = 0

    @property
    def is_unfinished(self) -> bool:
        """True while a part of a message is here and the rest of it is not."""
        return bool(self._rest or self._message_opcode)

    def feed(self, block: bytes, now_s: float = 0.0) -> list[tuple[int, bytes]]:
        """Return (opcode, payload) of each message completed by `block`, in order.

        now_s: the time, on a clock that never goes back. Raises TransportError when the peer breaks the
        protocol or sends a message above 16 MiB.
        """
        data = block
        if self._rest:
            self._rest += block
            # Joined once, when all of the frame is there: a join a block would cost the square of its size.
            if len(self._rest) < self._need:
                return []
            data = bytes(self._rest)
            self._rest = bytearray()
        messages: list[tuple[int, bytes]] = []
        at, end, need = 0, len(data), 2
        while end - at >= 2:
            length, start = data[at + 1], at + 2
            if length >= 126:
                if (wide := _wide_length(data, at, end)) is None:
                    need = 10 if length == 127 else 4
                    break
                length, start = wide
            stop = start + length
            if stop > end:
                need = stop - at
                break
            if data[at] == _FINAL_TEXT and not self._message_opcode:
                messages.append((TEXT, data[start:stop]))
            else:
                self._add(data[at], data[start:stop], messages, now_s)
            at = stop
        if at < end:
            self._rest += data[at:]
            self._need = need
        if not self._message_opcode:
            self.begun_s = now_s
        return messages

    def _add(self, first: int, payload: bytes, messages: list[tuple[int, bytes]], now_s: float) -> None:
        opcode, final = first & 0x0F, bool(first & _FIN)
        if first & _RESERVED:
            raise TransportError("websocket frame with reserved bits set")
        if opcode >= CLOSE:
            if not final or len(payload) > 125:
                raise TransportError("websocket control frame is fragmented or too long")
            messages.append((opcode, payload))
            return
        if (opcode == _CONTINUATION) != bool(self._message_opcode):
            raise TransportError("websocket fragments out of order")
        if not self._message_opcode:
            self._message_opcode, self.begun_s = opcode, now_s
        self._message.append(payload)
        self._message_bytes += len(payload)
        if self._message_bytes > MAX_MESSAGE_BYTES or len(self._message) > _MOST_FRAGMENTS:
            raise TransportError(
                f"websocket message above {MAX_MESSAGE_BYTES} bytes or {_MOST_FRAGMENTS} fragments"
            )
        if final:
            messages.append((self._message_opcode, b"".join(self._message)))
            self._message, self._message_bytes, self._message_opcode = [], 0, 0


def _wide_length(data: bytes, at: int, end: int) -> tuple[int, int] | None:
    """Return (payload length, payload start) of a frame with an extended length; None when cut short."""
    code = data[at + 1]
    if code > 127:
        raise TransportError("websocket frame from the server is masked")
    size = 2 if code == 126 else 8
    start = at + 2 + size
    if start > end:
        return None
    length = int.from_bytes(data[at + 2 : start], "big")
    if length > MAX_MESSAGE_BYTES:
        raise TransportError(f"websocket frame of {length} bytes is above {MAX_MESSAGE_BYTES}")
    return length, start
