"""Where everything of one instance lies: all of it under one folder (--dir)."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from whalebot.domain.errors import ConfigError

_LONGEST_SOCKET_PATH: Final = 100
"""Bytes; the system's own limit for a unix socket is little more."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Names of files and folders, made by `prepare`. `dir` is absolute; `config` may lie elsewhere."""

    dir: Path
    config: Path

    @property
    def env(self) -> Path:
        """Secrets as NAME=value lines."""
        return self.dir / ".env"

    @property
    def history(self) -> Path:
        """Closed trades, a JSON array."""
        return self.dir / "trade_history.json"

    @property
    def logs(self) -> Path:
        """Folder of the logs."""
        return self.dir / "logs"

    @property
    def log(self) -> Path:
        """The log for people."""
        return self.logs / "whalebot.log"

    @property
    def event_log(self) -> Path:
        """The log for machines, JSON lines."""
        return self.logs / "events.jsonl"

    @property
    def state(self) -> Path:
        """Folder of what must survive a restart."""
        return self.dir / "state"

    def state_file(self, mode: str) -> Path:
        """The state document of one mode."""
        return self.state / f"{mode}.json"

    @property
    def lock(self) -> Path:
        """Held while a daemon uses this folder."""
        return self.state / "lock"

    @property
    def write_ahead(self) -> Path:
        """The line of a trade on its way into the history."""
        return self.state / "trade_history.wal"

    @property
    def audit(self) -> Path:
        """The audit trail, JSON lines."""
        return self.state / "audit.jsonl"

    @property
    def web_token(self) -> Path:
        """The web server's token, where the configuration names none."""
        return self.state / "web.token"

    @property
    def recordings(self) -> Path:
        """Folder of the flight recorder, one folder a run below it."""
        return self.dir / "recordings"

    @property
    def data(self) -> Path:
        """Folder of downloaded market history."""
        return self.dir / "data"

    @property
    def exchange_state(self) -> Path:
        """Folder of the local exchange's accounts and market."""
        return self.state / "exchange"

    @property
    def control_socket(self) -> Path:
        """Where the daemon listens to status, pause, resume and panic.

        A path too long for a socket is replaced by one in the user's runtime folder, the same every time.
        """
        path = self.state / "control.sock"
        if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
            return path
        name = hashlib.sha256(os.fsencode(self.dir)).hexdigest()[:16]
        return _runtime_folder() / f"{name}.sock"

    @property
    def control_socket_place(self) -> Path:
        """File that tells where the control socket is, written where it is not in `state`."""
        return self.state / "control.sock.place"

    def make_folder(self) -> None:
        """Make the folder itself, where there is none. Raises ConfigError naming folder and remedy."""
        _make_folder(self.dir)

    def prepare(self) -> None:
        """Make the folders, readable by their owner alone.

        Raises ConfigError naming the folder and the remedy, also for one in the place of a file.
        """
        _make_folder(self.dir)
        _refuse_open_folder(self.dir)
        if self.history.is_dir():
            raise ConfigError(f"{self.history}: a folder, where a file belongs; move it away")
        for folder in (self.logs, self.state):
            _make_private(folder)
        socket = self.control_socket
        if socket.parent != self.state:
            _make_private(socket.parent)
            _write_private(self.control_socket_place, f"{socket}\n")


def find_paths(folder: str | None, config: str | None) -> Paths:
    """Return the paths of `--dir` (None: the working directory) and `--config` (None: config.json in it).

    Raises ConfigError where the folder's place is taken by a file.
    """
    root = Path(folder).expanduser().resolve() if folder else Path.cwd()
    if root.exists() and not root.is_dir():
        raise ConfigError(f"--dir {root}: not a folder")
    return Paths(root, Path(config).expanduser().absolute() if config else root / "config.json")


def _runtime_folder() -> Path:
    given = os.environ.get("XDG_RUNTIME_DIR")
    if given and os.path.isabs(given) and len(os.fsencode(given)) < 60:
        return Path(given) / "whalebot"
    return Path(tempfile.gettempdir()) / f"whalebot-{os.getuid()}"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise ConfigError(f"{folder}: a file, where a folder belongs; move it away") from None
    except OSError as e:
        raise ConfigError(
            f"{folder}: cannot be made ({e.strerror}); choose a folder you may write to with --dir"
        ) from None


def _refuse_open_folder(folder: Path) -> None:
    """Where everybody may write, everybody may put other files in the place of ours."""
    if stat.S_IMODE(folder.stat().st_mode) & stat.S_IWOTH:
        raise ConfigError(f"{folder}: every user may write to it; try: chmod o-w {folder}, or another --dir")


def _make_private(folder: Path) -> None:
    """Make a folder for its owner alone; one that another user made, or a link of theirs, is refused."""
    _make_folder(folder)
    owners = {folder.lstat().st_uid, folder.stat().st_uid}
    if owners != {os.getuid()}:
        raise ConfigError(
            f"{folder}: belongs to another user; start as that user, give the folder to this one (chown), "
            f"or choose another --dir"
        )
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        folder.chmod(0o700)


def _write_private(path: Path, text: str) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as e:
        raise ConfigError(f"{path}: cannot be written ({e.strerror}); mend its owner and mode") from None
