"""Settled funding rates of a file beside the bars that an exchange plays."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from whalebot.adapters.exchange.market.playback import PlaybackTrack
from whalebot.adapters.exchange.server.options import ExchangeOptions
from whalebot.app.tracks import read_tracks
from whalebot.domain.errors import ConfigError

START_MS = 1_750_003_200_000
HOUR_MS = 3_600_000


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    path = tmp_path / "BTCUSDT-60m.csv"
    rows = [f"{START_MS + at * HOUR_MS},100000,100100,99900,100000,5" for at in range(48)]
    path.write_text("\n".join(("timestamp,open,high,low,close,volume", *rows)) + "\n")
    return path


def rates(folder: Path, symbol: str = "BTCUSDT") -> Path:
    path = folder / f"{symbol}-funding.csv"
    path.write_text(f"timestamp,fundingRate\n{START_MS + 8 * HOUR_MS},-0.0005\n")
    return path


def test_the_rates_of_a_file_are_settled_on_its_symbol(bars: Path) -> None:
    options = ExchangeOptions(data=(str(bars),), funding=(str(rates(bars.parent)),))
    [track] = read_tracks(options)
    assert isinstance(track, PlaybackTrack)
    assert [(row.ts_ms, row.rate) for row in track.funding] == [(START_MS + 8 * HOUR_MS, Decimal("-0.0005"))]


def test_rates_of_a_symbol_that_is_not_played_are_refused(bars: Path) -> None:
    options = ExchangeOptions(data=(str(bars),), funding=(str(rates(bars.parent, "ETHUSDT")),))
    with pytest.raises(ConfigError, match="--funding: ETHUSDT is not played"):
        read_tracks(options)


def test_a_generated_market_takes_no_rates() -> None:
    with pytest.raises(ConfigError, match="--funding: only files"):
        ExchangeOptions(funding=("BTCUSDT-funding.csv",))
