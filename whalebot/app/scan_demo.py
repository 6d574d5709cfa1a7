"""The local exchange that `scan --demo` looks at: many symbols, no keys, ended with the scan."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from whalebot.app.config.environment import API_KEY, API_SECRET
from whalebot.app.config.launch import Credentials
from whalebot.app.demo import DemoExchange, StartingExchange
from whalebot.domain.listings import first_listings


def start_scan_exchange(folder: Path, symbols: int, speed: str, seed: int) -> DemoExchange:
    """Start a local exchange with the first `symbols` of the shipped list. Raises ConfigError."""
    first_listings(symbols)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    errors = folder / "exchange.log"
    command = [sys.executable, "-m", "whalebot", "exchange", "--port", "0", "--die-with-parent"]
    command += ["--symbols", f"{symbols}", "--speed", speed, "--seed", f"{seed}", "--rate-limits", "off"]
    environment = {name: value for name, value in os.environ.items() if name not in (API_KEY, API_SECRET)}
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    with os.fdopen(os.open(errors, flags, 0o600), "a", encoding="utf-8") as sink:
        # Its own process group: Ctrl-C in the terminal is for the scan.
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
            env=environment,
            start_new_session=True,
        )
    scale = 1.0 if speed == "max" else float(speed)
    return StartingExchange(process, Credentials("", ""), errors, errors, scale).wait()
