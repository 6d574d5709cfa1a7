"""Order rules of recorded bars, the shipped table, funding files."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from whalebot.adapters.feeds.bar_file import BarFile
from whalebot.adapters.feeds.funding import FundingRate, read_funding
from whalebot.adapters.feeds.rules import instrument_of
from whalebot.domain.errors import ConfigError
from whalebot.domain.listings import BYBIT, find_listing, first_listings, listings, parse_symbols

NOW = 1_760_000_000_000


def bars_of(symbol: str, close: list[int], decimals: int, venue: str = "") -> BarFile:
    column = np.array(close, dtype=np.int64)
    times = np.arange(len(close), dtype=np.int64) * 60_000 + NOW // 60_000 * 60_000
    return BarFile(
        Path(f"{symbol}.csv"), symbol, venue, "1", decimals, 0, True, times, *([column] * 5), gaps=()
    )


def test_table_knows_the_venue_and_falls_back_on_bybit() -> None:
    assert instrument_of(bars_of("BTCUSDT", [650001], 1)).tick_size == Decimal("0.1")
    assert instrument_of(bars_of("BTCUSDT", [650001], 2, "binance_spot")).tick_size == Decimal("0.01")


def test_unknown_symbol_names_the_options() -> None:
    bars = bars_of("NOSUCHUSDT", [1], 0)
    with pytest.raises(ConfigError, match="--tick and --step"):
        instrument_of(bars)
    given = instrument_of(bars, tick=Decimal("0.5"), step=Decimal("0.01"))
    assert (given.tick_size, given.qty_step, given.min_qty) == (
        Decimal("0.5"),
        Decimal("0.01"),
        Decimal("0.01"),
    )
    assert given.min_notional == 5


def test_one_option_stands_above_the_table() -> None:
    instrument = instrument_of(bars_of("BTCUSDT", [650001], 1), step=Decimal("0.01"))
    assert (instrument.tick_size, instrument.min_qty) == (Decimal("0.1"), Decimal("0.01"))


def test_prices_between_the_ticks_are_refused_unless_they_are_strays() -> None:
    with pytest.raises(ConfigError, match=r"6500\.01 lie between the ticks of 0\.1 .*--tick"):
        instrument_of(bars_of("BTCUSDT", [650001, 650002], 2))
    mostly_fine = [650000] * 99 + [650001]
    assert instrument_of(bars_of("BTCUSDT", mostly_fine, 2)).tick_size == Decimal("0.1")


def test_rules_that_no_venue_published_do_not_serve_recorded_data() -> None:
    shapes = [row for row in listings() if not row.is_venues]
    assert shapes
    for row in shapes:
        with pytest.raises(ConfigError, match="--tick"):
            find_listing(row.instrument.symbol, BYBIT, NOW)


def test_table_is_sound() -> None:
    rows = [row for row in listings() if row.venue == BYBIT]
    symbols = {row.instrument.symbol for row in rows}
    assert len(symbols) >= 200
    for row in rows:
        instrument = row.instrument
        assert row.typical_price % instrument.tick_size == 0, instrument.symbol
        assert row.typical_price / instrument.tick_size >= 100, instrument.symbol
        assert instrument.max_qty % instrument.qty_step == 0, instrument.symbol
        assert instrument.max_market_qty % instrument.qty_step == 0, instrument.symbol
        assert instrument.min_qty <= instrument.max_market_qty <= instrument.max_qty, instrument.symbol
        assert row.daily_turnover > 0, instrument.symbol


def test_first_symbols_come_by_size() -> None:
    first = first_listings(200)
    assert first[0].instrument.symbol == "BTCUSDT"
    assert len({row.instrument.symbol for row in first}) == 200
    turnovers = [row.daily_turnover for row in first]
    assert turnovers == sorted(turnovers, reverse=True)


def test_symbols_by_name_or_number() -> None:
    assert [row.instrument.symbol for row in parse_symbols("ethusdt, BTCUSDT")] == ["ETHUSDT", "BTCUSDT"]
    assert len(parse_symbols("3")) == 3


@pytest.mark.parametrize("text", ["", "0", "9999", "BTCUSDT,NOSUCH", "BTCUSDT,BTCUSDT", "-1"])
def test_wrong_symbols_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--symbols"):
        parse_symbols(text)


def test_funding_file_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("timestamp,fundingRate\n1700000000000,0.0001\n1700028800000,-0.00005\n")
    assert read_funding(path) == (
        FundingRate(1_700_000_000_000, Decimal("0.0001")),
        FundingRate(1_700_028_800_000, Decimal("-0.00005")),
    )


@pytest.mark.parametrize(
    "text",
    [
        "time,rate\n1,2\n",
        "timestamp,fundingRate\n1,x\n",
        "timestamp,fundingRate\n2,0.1\n1,0.1\n",
        "timestamp,fundingRate\n1\n",
    ],
)
def test_wrong_funding_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "f.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match="expected"):
        read_funding(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_funding(tmp_path / "none.csv")
