"""The token of the web server: the owner's own, or one made at the first start and kept in a file."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.domain.errors import ConfigError

_SHORTEST: Final = 16
_LONGEST: Final = 512
_BYTES: Final = 32


def own_token(token: str) -> str:
    """Return a configured token. Raises ConfigError for one that could be guessed."""
    if not _SHORTEST <= len(token) <= _LONGEST or not token.isascii() or not token.isprintable():
        raise ConfigError(
            f"web.token: must be {_SHORTEST} to {_LONGEST} printable ASCII characters; "
            f"python -c 'import secrets; print(secrets.token_urlsafe())' makes one"
        )
    return token.strip()


def kept_token(path: Path) -> str:
    """Return the token of a file (0600), made where there is none. Raises ConfigError."""
    files = FileSystem()
    try:
        try:
            known = files.read_file(path).decode("ascii").strip()
        except FileNotFoundError:
            known = ""
        if len(known) >= _SHORTEST and known.isprintable() and path.stat().st_mode & 0o077 == 0:
            return known
        token = secrets.token_urlsafe(_BYTES)
        files.write_replacing(path, f"{token}\n".encode())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the web server's token cannot be kept there ({error})") from error
    return token
