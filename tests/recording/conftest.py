"""One recorded session of the demo, made by the daemon as its owner runs it, for all tests of this folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EAGER = {
    "interval": "5",
    "record": True,
    "trade_management": {"account_balance": 100_000},
    "signal_score_threshold": 1.2,
    "risk_guardrails": {
        "max_consecutive_losses": 1000,
        "max_day_loss_pct": 90,
        "max_drawdown_pct": 90,
        "price_band_pct": 50,
    },
}


def whalebot(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of whalebot to its end."""
    kept = {name: v for name, v in os.environ.items() if not name.startswith(("BYBIT_", "WHALEBOT_"))}
    return subprocess.run(
        [sys.executable, "-m", "whalebot", *map(str, arguments)],
        env={**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="session")
def recorded_folder(tmp_path_factory: pytest.TempPathFactory, trending_bars: Path) -> Path:
    """The folder of a daemon that traded a file at full speed through sockets, recording."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "config.json").write_text(json.dumps(EAGER))
    run = whalebot("run", "--dir", folder, "--data", trending_bars, "--speed", "max", "--until-end", "-q")
    assert run.returncode == 0, run.stderr
    return folder


@pytest.fixture(scope="session")
def trending_bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """160 five-minute bars that swing widely enough to be traded."""
    return bars_of(tmp_path_factory.mktemp("bars"), "BTCUSDT", 60_000.0, 1, 7919)


@pytest.fixture(scope="session")
def three_symbols(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a daemon that traded three symbols on one account at full speed, recording."""
    folder, bars = tmp_path_factory.mktemp("recorded_three"), tmp_path_factory.mktemp("three_bars")
    files = [
        f"{symbol}={bars_of(bars, symbol, price, digits, step, 130)}"
        for symbol, price, digits, step in (
            ("BTCUSDT", 60_000.0, 1, 7919),
            ("ETHUSDT", 3_000.0, 2, 7907),
            ("SOLUSDT", 150.0, 2, 7901),
        )
    ]
    (folder / "config.json").write_text(json.dumps(EAGER))
    run = whalebot("run", "--dir", folder, "--data", *files, "--speed", "max", "--until-end", "-q")
    assert run.returncode == 0, run.stderr
    return folder


def bars_of(folder: Path, symbol: str, price: float, digits: int, step: int, count: int = 160) -> Path:
    """Write a file of bars whose trend turns every 20."""
    path = folder / f"{symbol}-5m-bybit_linear-made_up.csv"
    rows = ["timestamp,open,high,low,close,volume"]
    for number in range(count):
        drift = (0.0018, -0.0015, 0.0012)[number // 20 % 3]
        wiggle = ((number * step) % 101 - 50) / 50 * 0.004
        close = price * (1 + drift + wiggle)
        high, low = max(price, close) * 1.0012, min(price, close) * 0.9988
        prices = ",".join(f"{value:.{digits}f}" for value in (price, high, low, close))
        rows.append(f"{1_735_689_600_000 + number * 300_000},{prices},{60 + number % 40}.5")
        price = float(f"{close:.{digits}f}")
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def recording(recorded_folder: Path, tmp_path: Path) -> Path:
    """A copy of the recording, to be treated badly."""
    [made] = (recorded_folder / "recordings").iterdir()
    return Path(shutil.copytree(made, tmp_path / "recording"))
