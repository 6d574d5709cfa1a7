"""The places of the daemon's files under its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Folders:
    """Names of all files of one daemon, below `root` (`--dir`)."""

    root: Path

    @property
    def history(self) -> Path:
        """The trade history, for every tool to read."""
        return self.root / "trade_history.json"

    @property
    def state(self) -> Path:
        """The folder of everything that is the daemon's own."""
        return self.root / "state"

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.root / "logs"

    @property
    def write_ahead(self) -> Path:
        """The write-ahead line of the trade history."""
        return self.state / "trade_history.wal"

    @property
    def lock(self) -> Path:
        """The file whose lock says that a daemon runs here."""
        return self.state / "lock"

    def state_file(self, mode: str) -> Path:
        """Return the state document of a mode."""
        return self.state / f"{mode}.json"

    def create(self) -> None:
        """Create root, state and logs (mode 0700) where they are missing; ConfigError where that fails."""
        files = FileSystem()
        for folder in (self.root, self.state, self.logs):
            try:
                files.make_folder(folder)
            except OSError as error:
                raise ConfigError(
                    f"{error.filename or folder}: cannot create the folder: {error.strerror}; "
                    f"set its owner and mode, or choose another --dir"
                ) from error
