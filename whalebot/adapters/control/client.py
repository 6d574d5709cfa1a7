"""The owner's end of the control socket."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

from whalebot.adapters.control.peer import is_own
from whalebot.adapters.control.protocol import MAX_ANSWER_BYTES, encode
from whalebot.domain.errors import ConfigError, TransportError


class NoDaemon(ConfigError):
    """Nobody listens: no daemon runs in that folder."""


def ask(path: Path, command: str, timeout_s: float = 5.0, place: Path | None = None) -> dict[str, Any]:
    """Send one command to the daemon behind `path`; return its answer.

    place: a file that tells another path, read where there is nothing at `path` (folders too deep for a
    socket). Raises NoDaemon where no daemon listens, ConfigError where it does not let us in or refuses the
    command, TransportError where it does not answer in time or not in JSON.
    """
    if not path.exists():
        path = _told(place) or path
    deadline_s = time.monotonic() + timeout_s
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(timeout_s)
        _connect(sock, path)
        try:
            sock.sendall(encode({"command": command}))
            line = _read_line(sock, deadline_s)
        except TimeoutError:
            raise TransportError(f"{path}: the daemon did not answer within {timeout_s:g} s") from None
        except OSError as error:
            raise TransportError(f"{path}: the connection to the daemon broke ({error})") from error
    return _checked(path, line)


def _told(place: Path | None) -> Path | None:
    try:
        text = place.read_text(encoding="utf-8").strip() if place is not None else ""
    except (OSError, ValueError):
        return None
    return Path(text) if text else None


def _connect(sock: socket.socket, path: Path) -> None:
    try:
        sock.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        raise NoDaemon(
            f"{path}: no daemon is running here; start one, or name its folder with --dir"
        ) from None
    except PermissionError:
        raise ConfigError(f"{path}: the daemon belongs to another user; ask as that user") from None
    except TimeoutError:
        raise TransportError(f"{path}: the daemon does not take connections") from None
    except OSError as error:
        raise ConfigError(f"{path}: not the socket of a daemon ({error})") from None
    if not is_own(sock):
        raise ConfigError(f"{path}: another user listens here; what it says is not the daemon's word")


def _read_line(sock: socket.socket, deadline_s: float) -> bytes:
    data = bytearray()
    while b"\n" not in data:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        sock.settimeout(left_s)
        part = sock.recv(65536)
        if not part:
            raise ConnectionError("closed before the answer was complete")
        data += part
        if len(data) > MAX_ANSWER_BYTES:
            raise ConnectionError(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
    return bytes(data.partition(b"\n")[0])


def _checked(path: Path, line: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        raise TransportError(f"{path}: the answer is not JSON") from None
    if not isinstance(answer, dict) or "ok" not in answer:
        raise TransportError(f"{path}: the answer is not that of a daemon")
    if answer["ok"] is not True:
        raise ConfigError(f"{path}: the daemon refuses: {answer.get('error', 'no reason given')}")
    return answer
