"""A strategy that knows the future is caught, an honest one is not; a long memory is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from whalebot.app.cli import main
from whalebot.domain.errors import ConfigError
from whalebot.engine.settings import EngineSettings
from whalebot.research.dataset import SymbolData
from whalebot.research.honesty.lookahead import check_lookahead
from whalebot.research.honesty.recursion import check_recursive
from whalebot.research.reading import Source, read_symbol
from whalebot.research.strategy import make_strategy

SETTINGS = EngineSettings(("BTCUSDT",), "5", "replay", "x")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A walk of 900 five-minute bars."""
    draw = np.random.default_rng(4)
    close = np.round(60_000 * np.exp(np.cumsum(draw.normal(0, 0.002, 900))), 1)
    opened = np.append(60_000.0, close[:-1])
    lines = ["timestamp,open,high,low,close,volume"]
    for n, (a, b) in enumerate(zip(opened, close, strict=True)):
        high, low = max(a, b) + 20, min(a, b) - 20
        lines.append(f"{1_735_689_600_000 + n * 300_000},{a:.1f},{high:.1f},{low:.1f},{b:.1f},{50 + n % 9}")
    path = tmp_path_factory.mktemp("walk") / "BTCUSDT-5m.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def data(file: Path) -> SymbolData:
    """The walk as data."""
    return read_symbol(Source("BTCUSDT", file), "5")


@pytest.mark.parametrize("name", ["scoring", "ema_cross"])
def test_shipped_strategies_do_not_know_the_future(name: str, data: SymbolData) -> None:
    found = check_lookahead(make_strategy(name, SETTINGS), data, 12, seed=1)
    assert found.asked == 12
    assert found.leaks == ()


@pytest.mark.parametrize("name", ["NextBar", "WholeHistory"])
def test_a_strategy_that_cheats_is_caught(
    name: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    command = ["check-lookahead", "--data", str(file), "--interval", "5", "--dir", str(tmp_path)]
    assert main([*command, "--strategy", f"cheating_strategies:{name}"]) == 1
    told = capsys.readouterr().out
    assert "knew the future" in told
    assert "score:" in told
    assert "atr:" not in told


def test_the_check_is_the_same_for_the_same_seed(data: SymbolData) -> None:
    strategy = make_strategy("ema_cross", SETTINGS)
    heard: list[int] = []
    assert check_lookahead(strategy, data, 6, 3, heard.append) == check_lookahead(strategy, data, 6, 3)
    assert heard == [1, 2, 3, 4, 5, 6]


def test_averages_settle_and_running_totals_do_not(data: SymbolData) -> None:
    found = check_recursive(make_strategy("scoring", SETTINGS), data, SETTINGS, (100, 200, 400))
    assert found.lengths == (100, 200, 400)
    rsi, obv, sma = found.moves["rsi"], found.moves["obv"], found.moves["sma_long"]
    assert None not in rsi
    assert rsi[0] > rsi[1] > rsi[2]  # type: ignore[operator]
    assert sma == pytest.approx((0, 0, 0), abs=1e-9)
    assert min(move for move in obv if move is not None) > 1


def test_a_value_that_does_not_exist_yet_is_said(data: SymbolData) -> None:
    found = check_recursive(make_strategy("scoring", SETTINGS), data, SETTINGS, (20, 400))
    assert found.moves["ema_long"][0] is None


def test_the_table_is_printed(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-recursive", "--data", str(file), "--interval", "5", "--dir", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "rsi" in told
    assert "the same at every length: open, close, volume" in told


def test_too_little_history_is_refused(file: Path, tmp_path: Path) -> None:
    short = tmp_path / "BTCUSDT-short.csv"
    short.write_text("\n".join(file.read_text().splitlines()[:40]) + "\n")
    few = read_symbol(Source("BTCUSDT", short), "5")
    strategy = make_strategy("ema_cross", SETTINGS)
    with pytest.raises(ConfigError, match="39 bars are too few"):
        check_lookahead(strategy, few, 5, 0)
    with pytest.raises(ConfigError, match="too few"):
        check_recursive(strategy, few, SETTINGS)
