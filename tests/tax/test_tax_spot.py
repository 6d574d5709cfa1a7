"""Spot transactions: trades of all kinds, fees in coin, transfers, rates, and files that are wrong."""

from __future__ import annotations

import contextlib
from decimal import Decimal as D
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.domain.errors import ConfigError
from whalebot.research.tax.lots import Method, Reason
from whalebot.research.tax.rates import Calendar, Rates, read_rates
from whalebot.research.tax.spot import SpotBooks, keep_books
from whalebot.research.tax.statement import year_end_ms
from whalebot.research.tax.transactions import read_transactions

HEADER = "time,type,sent_coin,sent_qty,received_coin,received_qty,fee_coin,fee_qty,value,id"
UTC = Calendar(ZoneInfo("UTC"))
EVER = 1 << 60


def books(tmp_path: Path, *lines: str, rates: Rates | None = None, method: Method = Method.FIFO) -> SpotBooks:
    path = tmp_path / "spot.csv"
    path.write_text("\n".join((HEADER, *lines)) + "\n")
    return keep_books(read_transactions(path), rates or Rates("EUR", UTC), method, EVER)


def rates_file(tmp_path: Path, *lines: str, header: str = "date,currency,EUR", back: bool = False) -> Rates:
    path = tmp_path / "rates.csv"
    path.write_text("\n".join((header, *lines)) + "\n")
    return read_rates(path, "EUR", UTC, goes_back=back)


def test_bought_and_sold_for_money_with_fees_in_money(tmp_path: Path) -> None:
    found = books(
        tmp_path,
        "2025-01-01T10:00:00+00:00,trade,EUR,1000,BTC,0.02,EUR,10,,",
        "2025-03-01T10:00:00+00:00,trade,BTC,0.01,EUR,700,EUR,7,,",
    )
    (sale,) = found.disposals
    # Half of 1010 was paid for it: 700 - 505 - 7.
    assert (sale.proceeds, sale.cost, sale.fee, sale.gain) == (D(700), D(505), D(7), D(188))
    (lot,) = found.remaining
    assert (lot.coin, lot.qty, lot.cost) == ("BTC", D("0.01"), D(505))


def test_coin_for_coin_is_a_sale_and_a_purchase_at_market_value(tmp_path: Path) -> None:
    found = books(
        tmp_path,
        "2025-01-01T10:00:00+00:00,trade,EUR,1000,BTC,1,,,,",
        "2025-02-01T10:00:00+00:00,trade,BTC,0.5,ETH,10,,,800,",
    )
    (sale,) = found.disposals
    assert (sale.coin, sale.proceeds, sale.cost, sale.gain) == ("BTC", D(800), D(500), D(300))
    assert [(lot.coin, lot.qty, lot.cost) for lot in found.remaining] == [
        ("BTC", D("0.5"), D(500)),
        ("ETH", D(10), D(800)),
    ]


def test_market_value_by_the_rates_where_the_line_says_nothing(tmp_path: Path) -> None:
    rates = rates_file(tmp_path, "2025-01-01,USDT,0.96", "2025-02-01,USDT,0.95")
    found = books(
        tmp_path,
        "2025-01-01T10:00:00+00:00,opening,,,USDT,1000,,,,",
        "2025-01-01T11:00:00+00:00,trade,USDT,1000,BTC,0.01,,,,",
        "2025-02-01T10:00:00+00:00,trade,BTC,0.01,USDT,1200,,,,",
        rates=rates,
    )
    assert [(d.coin, d.proceeds, d.cost) for d in found.disposals] == [
        ("USDT", D(960), D(960)),
        ("BTC", D(1140), D(960)),
    ]


def test_a_fee_in_coin_is_a_disposal_of_that_coin(tmp_path: Path) -> None:
    found = books(
        tmp_path,
        "2025-01-01T10:00:00+00:00,trade,EUR,1000,BTC,1,BTC,0.01,,",
    )
    (fee,) = found.disposals
    assert (fee.reason, fee.qty, fee.proceeds) == (Reason.FEE, D("0.01"), D(10))
    # The purchase cost 1000 and the fee of 10; a hundredth of that goes with the fee.
    assert (fee.cost, fee.gain) == (D("10.1"), D("-0.1"))
    (lot,) = found.remaining
    assert (lot.qty, lot.cost) == (D("0.99"), D("999.9"))
    # Nothing came from nowhere: what was paid is what is left and what was lost.
    assert lot.cost - fee.gain == D(1000)


def test_a_fee_in_a_third_coin_needs_its_value(tmp_path: Path) -> None:
    lines = (
        "2025-01-01T10:00:00+00:00,opening,,,BNB,1,,,500,",
        "2025-01-01T11:00:00+00:00,trade,EUR,1000,BTC,1,BNB,0.002,,",
    )
    with pytest.raises(ConfigError, match=r"spot\.csv:3: what 0\.002 BNB were worth in EUR is not known"):
        books(tmp_path, *lines)
    found = books(tmp_path, *lines, rates=rates_file(tmp_path, "2025-01-01,BNB,600"))
    (fee,) = found.disposals
    assert (fee.coin, fee.proceeds, fee.cost) == ("BNB", D("1.2"), D(1))
    assert {lot.coin: lot.cost for lot in found.remaining} == {"BNB": D(499), "BTC": D("1001.2")}


def test_a_transfer_is_no_disposal_but_its_network_fee_is(tmp_path: Path) -> None:
    bought = "2025-01-01T10:00:00+00:00,trade,EUR,1000,BTC,1,,,,"
    assert books(tmp_path, bought, "2025-01-02,transfer,BTC,1,BTC,1,,,,").disposals == []
    assert books(tmp_path, bought, "2025-01-02,transfer,BTC,1,,,,,,").disposals == []
    for line in ("transfer,BTC,1,BTC,0.999,,,1.5,", "transfer,BTC,1,BTC,1,BTC,0.001,1.5,"):
        found = books(tmp_path, bought, f"2025-01-02,{line}")
        (fee,) = found.disposals
        assert (fee.reason, fee.qty, fee.proceeds, fee.cost) == (Reason.FEE, D("0.001"), D("1.5"), D(1))


def test_income_comes_in_at_its_value(tmp_path: Path) -> None:
    found = books(tmp_path, "2025-01-01,income,,,ETH,2,,,5000,", "2025-01-02,opening,,,ETH,1,,,10,")
    assert [(a.cost, a.is_income) for a in found.acquisitions] == [(D(5000), True), (D(10), False)]


def test_only_what_lies_before_the_end_of_the_year_counts(tmp_path: Path) -> None:
    berlin = Calendar(ZoneInfo("Europe/Berlin"))
    path = tmp_path / "spot.csv"
    path.write_text(
        "\n".join(
            (
                HEADER,
                "2025-01-01,opening,,,BTC,2,,,200,",
                "2025-12-31T22:59:59.999+00:00,trade,BTC,1,EUR,300,,,,",
                "2025-12-31T23:00:00+00:00,trade,BTC,1,EUR,400,,,,",
            )
        )
    )
    end_ms = year_end_ms(2025, berlin)
    found = keep_books(read_transactions(path), Rates("EUR", berlin), Method.FIFO, end_ms)
    assert [berlin.day(d.sold_ms).isoformat() for d in found.disposals] == ["2025-12-31"]
    assert [lot.qty for lot in found.remaining] == [D(1)]
    assert berlin.day(end_ms - 1).year == 2025
    assert berlin.day(end_ms).year == 2026


def test_selling_what_was_never_bought_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"spot\.csv:2: 1 BTC are given away, but only 0 .*type opening"):
        books(tmp_path, "2025-01-01,trade,BTC,1,EUR,100,,,,")


def test_lines_are_taken_in_the_order_of_their_times(tmp_path: Path) -> None:
    found = books(tmp_path, "2025-02-01,trade,BTC,1,EUR,100,,,,", "2025-01-01,trade,EUR,50,BTC,1,,,,")
    assert found.disposals[0].gain == D(50)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("yesterday,trade,EUR,1,BTC,1,,,,", "time 'yesterday'"),
        ("2025-01-01,swap,EUR,1,BTC,1,,,,", "type 'swap': allowed are trade, transfer"),
        ("2025-01-01,trade,EUR,1,BTC,,,,,", "received_coin and received_qty belong together"),
        ("2025-01-01,trade,EUR,-1,BTC,1,,,,", "sent_qty '-1': write a number from 0 on"),
        ("2025-01-01,trade,EUR,NaN,BTC,1,,,,", "write a number"),
        ("2025-01-01,trade,EUR,1_000,BTC,1,,,,", "write a number"),
        ("2025-01-01,trade,EUR,1e99,BTC,1,,,,", "write a number"),
        ("1066-01-01,trade,EUR,1,BTC,1,,,,", "there were no coins in that year"),
        ("2025-01-01,trade,,,BTC,1,,,,", "a trade has something sent and something received"),
        ("2025-01-01,trade,EUR,1,USD,1,,,,", "no coin in it"),
        ("2025-01-01,trade,BTC,1,BTC,1,,,,", "is a transfer"),
        ("2025-01-01,transfer,BTC,1,ETH,1,,,,", "a transfer moves one coin"),
        ("2025-01-01,transfer,BTC,1,BTC,2,,,,", "more arrived than was sent"),
        ("2025-01-01,income,,,EUR,1,,,,", "names a coin received"),
        ("2025-01-01,fee,,,,,,,,", "a fee names fee_coin"),
        ("2025-01-01,trade,EUR,1", "has not 10 cells"),
        ("2025-01-01,trade,BTC,1,ETH,1,,,,", "write it in the column value"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"spot\.csv:2: ") as raised:
        books(tmp_path, line)
    assert said in str(raised.value)


def test_an_id_stands_there_once(tmp_path: Path) -> None:
    line = "2025-01-01,opening,,,BTC,1,,,1,a7"
    with pytest.raises(ConfigError, match=r"spot\.csv:3: id 'a7' stands at .*spot\.csv:2 already"):
        books(tmp_path, line, line)


def test_columns_must_be_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "spot.csv"
    path.write_text("time,type,price\n")
    with pytest.raises(ConfigError, match="columns are missing: fee_coin"):
        read_transactions(path)
    path.write_text(HEADER + ",note\n")
    with pytest.raises(ConfigError, match=r"unknown columns in time.*note; allowed"):
        read_transactions(path)


def test_a_missing_rate_names_the_day_or_the_one_before_is_taken(tmp_path: Path) -> None:
    noon = 1_735_905_600_000  # 2025-01-03
    lines = ("2025-01-01,USDT,0.96", "2025-01-05,USDT,0.97")
    with pytest.raises(ConfigError, match=r"no rate of USDT in EUR for 2025-01-03; .*--previous-rate"):
        rates_file(tmp_path, *lines).rate("USDT", noon)
    back = rates_file(tmp_path, *lines, back=True)
    assert back.rate("USDT", noon) == D("0.96")
    assert back.rate("EUR", noon) == 1
    with pytest.raises(ConfigError, match="or the 7 days before"):
        back.rate("USDT", noon + 20 * 86_400_000)


@pytest.mark.parametrize(
    ("lines", "header", "said"),
    [
        (("2025-01-01,USDT,0.9",), "date,currency,USD", "the header is 'date,currency,USD', but must be"),
        (("1/2/25,USDT,0.9",), "date,currency,EUR", "rates.csv:2: write 2025-01-31,USDT,0.9612"),
        (("2025-01-01,USDT,0",), "date,currency,EUR", "a rate is a number above 0"),
        (("2025-01-01,USDT,1", "2025-01-01,USDT,2"), "date,currency,EUR", "rates.csv:3: a second rate"),
    ],
)
def test_wrong_rates_are_named(tmp_path: Path, lines: tuple[str, ...], header: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        rates_file(tmp_path, *lines, header=header)
    assert said in str(raised.value)


@given(
    method=st.sampled_from(Method),
    trades=st.lists(
        st.tuples(st.booleans(), st.decimals("0.0001", "5", places=4), st.decimals("1", "90000", places=2)),
        max_size=25,
    ),
)
def test_any_history_of_trades_with_fees_in_coin_adds_up(
    tmp_path_factory: pytest.TempPathFactory, method: Method, trades: list[tuple[bool, D, D]]
) -> None:
    held, lines = D(1000), ["2025-01-01T00:00:00,opening,,,BTC,1000,,,50000,"]
    for number, (buys, qty, value) in enumerate(trades):
        time = f"2025-01-02T{number // 60:02d}:{number % 60:02d}:00"
        fee = (qty / 1000).quantize(D("1e-8"))
        if buys:
            lines.append(f"{time},trade,EUR,{value},BTC,{qty},BTC,{fee},,")
        else:
            lines.append(f"{time},trade,BTC,{qty},ETH,{value},BTC,{fee},{value},")
        held += (qty if buys else -qty) - fee
    found = books(tmp_path_factory.mktemp("any"), *lines, method=method)
    left = sum((lot.qty for lot in found.remaining if lot.coin == "BTC"), D(0))
    assert abs(left - held) <= D("1e-8")
    paid = sum(a.cost for a in found.acquisitions)
    assert abs(sum(d.cost for d in found.disposals) + sum(lot.cost for lot in found.remaining) - paid) < D(
        "1e-8"
    )


_LINE = "2025-01-01,trade,EUR,1,BTC,1,,,,"


@given(
    data=st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=60).map(lambda tail: f"{HEADER}\n{_LINE}\n".encode() + tail),
        st.text('0123456789-.,\n"Ttradefo UBCE', max_size=120).map(lambda text: f"{HEADER}\n{text}".encode()),
    )
)
def test_any_bytes_are_transactions_or_a_named_fault(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    for name, read in (("spot.csv", read_transactions), ("rates.csv", lambda p: read_rates(p, "EUR", UTC))):
        path = folder / name
        path.write_bytes(data if name == "spot.csv" else data.replace(HEADER.encode(), b"date,currency,EUR"))
        with contextlib.suppress(ConfigError):
            read(path)
