"""Who is at the other end of a unix socket, as the system itself says."""

from __future__ import annotations

import os
import socket
import struct
from typing import Final

_CREDENTIALS: Final = struct.Struct("3i")
_ROOT: Final = 0


def is_own(sock: socket.socket) -> bool:
    """Tell whether the other end belongs to this user or to root.

    The socket's mode keeps others out; this holds where a mode or a folder was opened to them. True where the
    system cannot tell. Raises OSError.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    _, user, _ = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size))
    return user in (os.getuid(), _ROOT)
