"""Secrets: read from the environment, from systemd credentials or from .env, and from nowhere else."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from whalebot.app.config.regular_file import read_regular
from whalebot.domain.errors import ConfigError

API_KEY: Final = "BYBIT_API_KEY"
API_SECRET: Final = "BYBIT_API_SECRET"
_log = logging.getLogger("whalebot.config")
_LARGEST_CREDENTIAL: Final = 64 * 1024
_LARGEST_ENV_FILE: Final = 1024 * 1024
_SHORTEST_FILE_SECRET: Final = 8
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Environment:
    """Named values that may be secret. The process environment stands above credentials, they above .env."""

    process: Mapping[str, str] = field(repr=False)
    env_file: Mapping[str, str] = field(default_factory=dict, repr=False)
    credentials: Path | None = None

    def get(self, name: str) -> str | None:
        """Return the value of `name`, or None where it is not set or empty."""
        return self.process.get(name) or self._credential(name) or self.env_file.get(name) or None

    def secrets(self) -> Iterator[str]:
        """Yield what must never be shown: the venue's keys and whatever .env holds, short words apart."""
        for name in (API_KEY, API_SECRET):
            value = self.get(name)
            if value:
                yield value
        for value in self.env_file.values():
            if value and len(value) >= _SHORTEST_FILE_SECRET:
                yield value

    def _credential(self, name: str) -> str | None:
        if self.credentials is None or not _NAME.fullmatch(name):
            return None
        path = self.credentials / name
        try:
            raw = read_regular(path, _LARGEST_CREDENTIAL + 1, "the credential")
            if len(raw) > _LARGEST_CREDENTIAL:
                raise ConfigError(f"{path}: too large for a credential")
            return raw.decode("utf-8").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as e:
            raise ConfigError(f"{path}: credential cannot be read: {e.__class__.__name__}") from None


def read_environment(env_path: Path, process: Mapping[str, str] | None = None) -> Environment:
    """Read .env (it may be absent) beside the process environment.

    Raises ConfigError where the file is there but cannot be read.
    """
    own = os.environ if process is None else process
    folder = own.get("CREDENTIALS_DIRECTORY")
    return Environment(dict(own), _read_env_file(env_path), Path(folder) if folder else None)


def too_open(env_path: Path) -> bool:
    """Tell whether others than the owner may read the file."""
    try:
        return bool(env_path.stat().st_mode & 0o077)
    except OSError:
        return False


def _read_env_file(path: Path) -> dict[str, str]:
    try:
        raw = read_regular(path, _LARGEST_ENV_FILE + 1, "the NAME=value lines")
        text = raw.decode("utf-8-sig")
    except FileNotFoundError:
        return {}
    except IsADirectoryError:
        raise ConfigError(f"{path}: a folder, where a file with NAME=value lines belongs") from None
    except PermissionError:
        raise ConfigError(f"{path}: no permission to read it; try: chmod 600 {path}") from None
    except UnicodeDecodeError as e:
        raise ConfigError(f"{path}: byte {e.start} is not UTF-8; save the file as UTF-8") from None
    except OSError as e:
        raise ConfigError(f"{path}: {e.strerror or e}") from None
    if len(raw) > _LARGEST_ENV_FILE:
        raise ConfigError(f"{path}: more than {_LARGEST_ENV_FILE} bytes is no file of NAME=value lines")
    return _parse_env(text, path)


def _parse_env(text: str, path: Path) -> dict[str, str]:
    if not text.strip():
        return {}
    import io

    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    lines = [b.original.line for b in parse_stream(io.StringIO(text)) if b.error]
    if lines:
        # The library's own word for it names no file.
        logging.getLogger("dotenv.main").setLevel(logging.ERROR)
        where = ", ".join(map(str, lines))
        _log.warning("%s: line %s is not NAME=value and is left out", path, where)
    # Interpolation stays off: a secret with a $ in it is the secret as it stands.
    return {
        name: value
        for name, value in dotenv_values(stream=io.StringIO(text), interpolate=False).items()
        if value
    }
