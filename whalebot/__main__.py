"""`python -m whalebot` and the command `whalebot`."""

from __future__ import annotations

import signal
import sys
from types import FrameType


def main() -> int:
    """Run the command line; return the exit code."""
    from whalebot.app.cli import command_of
    from whalebot.app.cli import main as run_command_line

    if command_of(sys.argv[1:]) == "run":
        # Until the daemon listens itself; what it needs takes a while to import.
        signal.signal(signal.SIGTERM, _end)
        signal.signal(signal.SIGHUP, _ignore)
    return run_command_line(sys.argv[1:])


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _ignore(number: int, frame: FrameType | None) -> None:
    """The configuration is about to be read anyway."""


if __name__ == "__main__":
    sys.exit(main())
