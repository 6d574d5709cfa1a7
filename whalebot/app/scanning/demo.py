"""The local exchange that `scan --demo` looks at: many symbols, no keys, ended with the scan."""

from __future__ import annotations

from pathlib import Path

from whalebot.app.config.launch import Credentials
from whalebot.app.demo import EXCHANGE, DemoExchange, StartingExchange, start_exchange
from whalebot.domain.listings import first_listings


def start_scan_exchange(folder: Path, symbols: int, speed: str, seed: int) -> DemoExchange:
    """Start a local exchange with the first `symbols` of the shipped list. Raises ConfigError."""
    first_listings(symbols)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    errors = folder / "exchange.log"
    command = [*EXCHANGE, "--port", "0", "--die-with-parent"]
    command += ["--symbols", f"{symbols}", "--speed", speed, "--seed", f"{seed}", "--rate-limits", "off"]
    process = start_exchange(command, {}, errors)
    scale = 1.0 if speed == "max" else float(speed)
    return StartingExchange(process, Credentials("", ""), errors, errors, scale).wait()
