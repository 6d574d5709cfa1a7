"""Downloads from the local exchange, by the REST calls that go to the venue."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from whalebot.app.cli import main
from whalebot.app.venue_history import open_history
from whalebot.domain.errors import ConfigError
from whalebot.research.store.download import stored_rows
from whalebot.research.store.layout import Kind, Series
from whalebot.research.store.venue import VenueSource

ROOT = Path(__file__).resolve().parents[2]
DAY = 86_400_000
FROM, TO = 1_735_000_000_000 // DAY * DAY, 1_735_000_000_000 // DAY * DAY + 6 * DAY


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A local exchange with a generated market; its clock hardly moves."""
    folder = tmp_path_factory.mktemp("exchange")
    command = [
        sys.executable,
        "-m",
        "whalebot",
        "exchange",
        "--port",
        "0",
        "--seed",
        "5",
        "--dir",
        str(folder),
    ]
    with subprocess.Popen(
        [*command, "--symbols", "BTCUSDT"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield _address(process)
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"listening on (http://127\.0\.0\.1:\d+)", line):
            return found[1]
    raise AssertionError("the exchange did not start")


@pytest.mark.socket
def test_all_kinds_are_fetched_whole_and_never_twice(
    endpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["data", "download", "--dir", str(tmp_path), "--symbols", "BTCUSDT", "--endpoint", endpoint]
    command += ["--from", "2024-12-24", "--to", "2024-12-30", "--interval", "5", "--period", "1h"]
    command += ["--kinds", "bars", "mark", "funding", "open_interest", "long_short_ratio"]
    assert main(command) == 0
    said, complaints = capsys.readouterr()
    assert "first row" not in complaints
    assert "bars-5: 1728 new rows" in said
    assert "mark-5: 1728 new rows" in said
    assert "funding: 18 new rows" in said
    assert "open_interest-1h: 144 new rows" in said
    assert "long_short_ratio-1h: 144 new rows" in said
    assert main(command) == 0
    assert capsys.readouterr().out.count(" 0 new rows") == 5


@pytest.mark.socket
def test_kept_bars_are_the_rows_of_the_venue(endpoint: str, tmp_path: Path) -> None:
    command = ["data", "download", "--dir", str(tmp_path), "--symbols", "BTCUSDT", "--endpoint", endpoint]
    assert main([*command, "--from", "2024-12-24", "--to", "2024-12-25", "--kinds", "bars", "-q"]) == 0
    series = Series("BTCUSDT", Kind.BARS, "5")
    begin = 1_734_998_400_000
    with open_history(endpoint) as history:
        asked = history.bars("BTCUSDT", "5", begin, begin + DAY)
        newest = history.newest_open_ms("BTCUSDT", "5")
        assert newest is not None
        late = VenueSource(history).rows(series, newest - DAY, newest + DAY)
    kept = stored_rows(series, tmp_path / "data", None, None)
    assert [tuple(map(Decimal, row)) for row in kept] == [tuple(map(Decimal, row)) for row in asked]
    # The bar that may still be forming is left out.
    assert int(late[-1][0]) == newest - 300_000


@pytest.mark.socket
def test_a_backtest_reads_what_was_kept(
    endpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["data", "download", "--dir", str(tmp_path), "--symbols", "BTCUSDT", "--endpoint", endpoint]
    assert main([*command, "--from", "2024-12-24", "--to", "2024-12-28", "-q"]) == 0
    told = [
        "backtest",
        "--dir",
        str(tmp_path),
        "--symbols",
        "BTCUSDT",
        "--interval",
        "15",
        "--format",
        "json",
    ]
    assert main([*told, "--format", "json", "--strategy", "ema_cross"]) == 0
    assert "bars-5/2024-12.parquet" in capsys.readouterr().out


def test_a_strange_address_is_refused() -> None:
    with (
        pytest.raises(ConfigError, match="neither Bybit's nor this machine"),
        open_history("https://example.com"),
    ):
        pass
    with pytest.raises(ConfigError, match="unencrypted"), open_history("http://example.com"):
        pass


@pytest.mark.socket
def test_a_venue_that_cannot_be_reached_is_told_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        # Bound and not listening: nobody else gets the port, and whoever asks there is refused.
        taken.bind(("127.0.0.1", 0))
        command = ["data", "download", "--symbols", "BTCUSDT", "--format", "csv", "--dir", str(tmp_path)]
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert main([*command, "--from", "2024-12-24", "--endpoint", endpoint, "-q"]) == 4
    assert "check this machine's network and proxy" in capsys.readouterr().err
