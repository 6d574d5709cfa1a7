"""The page of a trade history: numbers by hand, sums that must be the totals, odd histories, bounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal as D
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_trades import HOUR, START, history

from whalebot.adapters.storage.trade_json import encode_trades
from whalebot.app.cli import main
from whalebot.decisions.performance.exact import exact_sum
from whalebot.decisions.performance.summary import Summary, summarise
from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.trade import ClosedTrade
from whalebot.research.report.as_page import Source, report_page
from whalebot.research.report.bar_charts import money_chart, totals_chart
from whalebot.research.report.excursions import mae_said, mfe_said, paths_of, risk_of
from whalebot.research.report.explaining import course_of, reason_of, sum_of
from whalebot.research.report.figures import headline
from whalebot.research.report.month_blocks import month_blocks
from whalebot.research.report.trade_list import NEWEST, score_bars, trade_list

SOURCE = Source("trade_history.json", "as configured")
_NO_NUMBER = r"\b(nan|NaN|inf|Infinity|None)\b"
_VOID = {"meta", "line", "rect", "circle", "path", "br"}


class _Outline(HTMLParser):
    """Opens and closes; text outside of script and style."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append(tag)
        self.text += [value or "" for name, value in attrs if name in ("title", "aria-label")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself."""

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)


def shown(page: str) -> str:
    """Return what a page says; fails where it is not well formed."""
    outline = _Outline()
    outline.feed(page)
    assert outline.open == []
    return "\n".join(outline.text)


def three() -> list[ClosedTrade]:
    """A win of 12.50 and a loss of 4 on 1 January (Thursday), a loss of 2.25 on 2 February."""
    base = replace(history(count=1)[0], entry_price=D(100), qty=D(2), reconciled=False)
    return [
        _trade(base, 0, Side.BUY, 9 * HOUR, HOUR, "107 95 14 1.25 0.25 1 16", ClosedBy.TAKE_PROFIT),
        _trade(base, 1, Side.SELL, 14 * HOUR, HOUR // 6, "101.5 102 -3 1 0 3 0.5", ClosedBy.STOP_LOSS),
        _trade(base, 2, Side.SELL, 768 * HOUR, 5 * HOUR, "100.5 104 -1 1 0.25 2 6", ClosedBy.MANUAL),
    ]


def _trade(
    base: ClosedTrade, number: int, side: Side, after_ms: int, held_ms: int, figures: str, end: ClosedBy
) -> ClosedTrade:
    exit_price, stop, gross, fees, funding, mae, mfe = map(D, figures.split())
    pnl = gross - fees - funding
    return replace(
        base,
        trade_id=f"t{number}",
        side=side,
        entry_ms=START + after_ms,
        exit_ms=START + after_ms + held_ms,
        exit_price=exit_price,
        initial_stop=stop,
        gross_pnl=gross,
        fees=fees,
        funding=funding,
        pnl=pnl,
        r_multiple=pnl / (2 * abs(D(100) - stop)),
        mae=mae,
        mfe=mfe,
        closed_by=end,
    )


def summary(trades: Sequence[ClosedTrade]) -> Summary:
    return summarise(trades[0].mode, trades, D(1000))


def test_the_page_says_what_the_trades_came_to() -> None:
    text = shown(report_page([(summary(three()), three())], SOURCE))
    for said in (
        "3 trades on 2 days made 6.25 USDT after 3.75 of costs (+0.63 % of the starting equity).",
        "Best day 2026-01-01 with +8.50, worst 2026-02-02 with −2.25.",
        "Last seven days, from 2026-01-27: −2.25 on 1 trade.",
        "2026-01-01: +8.50 USDT, 2 trades, 1 won",
        "2026-02-02: −2.25 USDT, 1 trade, 0 won",
        "09: +12.50 USDT, 1 trade",
        "14: −4.00 USDT, 1 trade",
        "Thu: +8.50 USDT, 2 trades",
        "Mon: −2.25 USDT, 1 trade",
        "5-15m: −4.00 USDT, 1 trade",
        "1-4h: +12.50 USDT, 1 trade",
        "4-12h: −2.25 USDT, 1 trade",
        "gross: +10.00 USDT",
        "fees: −3.25 USDT",
        "funding: −0.50 USDT",
        "net: +6.25 USDT",
        "Fees 3.25, 0.17 R a trade; funding 0.50 paid.",
        "Slippage is not recorded",
        "Half of the winners were never more than 0.10 R behind.",
        "Half of the losers had been 0.44 R ahead or more.",
    ):
        assert said in text, said


def test_a_trade_is_told_in_words() -> None:
    won, lost, by_hand = three()
    assert (
        reason_of(won)
        == "Long because the score stood at +2.50: VWAP +0.22 speaks for it, Parabolic SAR −0.10 against."
    )
    assert course_of(won) == (
        "Bought 2 BTC at 100, stop 95 (5.00 % away); sold at 107 after 1 h 00 min: it reached its target. On "
        "the way it was 16.00 ahead at best and 1.00 behind at worst, before costs."
    )
    assert sum_of(won) == "Gross +14.00, fees 1.25, funding paid +0.25: net +12.50 USDT (+1.25 R)."
    assert reason_of(lost).startswith(
        "Short because the score stood at +2.50: Parabolic SAR −0.10 speaks for it, VWAP +0.22"
    )
    assert sum_of(lost) == "Gross −3.00, fees 1.00: net −4.00 USDT (−1.00 R)."
    assert "a command closed it" in course_of(by_hand)
    strange = replace(
        won, entry_score=None, breakdown=(), initial_stop=None, r_multiple=None, reconciled=True
    )
    assert "No score is recorded" in reason_of(strange)
    assert "its first stop is not known" in course_of(strange)
    assert sum_of(strange).endswith("net +12.50 USDT. Rebuilt from the venue's records, not seen live.")


@pytest.mark.parametrize("closed_by", list(ClosedBy))
def test_every_way_to_end_has_its_words(closed_by: ClosedBy) -> None:
    assert ": " in course_of(replace(three()[0], closed_by=closed_by))


def test_bars_of_a_score_are_as_long_as_its_parts_and_lie_on_their_side() -> None:
    won, lost, _ = three()
    assert re.findall(r'class="(\w)" style="width:(\d+)%"', score_bars(won)) == [("p", "50"), ("c", "23")]
    assert re.findall(r'class="(\w)" style="width:(\d+)%"', score_bars(lost)) == [("c", "50"), ("p", "23")]
    assert score_bars(replace(won, breakdown=())) == ""


def test_paths_are_in_units_of_the_first_risk() -> None:
    won, lost, _ = three()
    found = paths_of([won, lost])
    assert (found.unit, found.without_risk) == ("R", 0)
    assert [(path.mae, path.mfe, path.result) for path in found.paths] == [
        (0.1, 1.6, 1.25),
        (0.75, 0.125, -1.0),
    ]
    blind = replace(lost, initial_stop=None)
    assert risk_of(blind) is None
    assert paths_of([won, blind]).without_risk == 1
    assert paths_of([blind]).unit == "USDT"
    assert mae_said(paths_of([lost])) == ""
    assert mfe_said(paths_of([won])) == ""


def _money() -> st.SearchStrategy[D]:
    return st.decimals(-500, 500, places=8, allow_nan=False, allow_infinity=False)


_histories = st.lists(
    st.tuples(
        _money(), st.integers(0, 400 * 24), st.integers(0, 5000), st.sampled_from(["A", "B"]), st.booleans()
    ),
    min_size=1,
    max_size=25,
)


def _made(rows: Sequence[tuple[D, int, int, str, bool]]) -> list[ClosedTrade]:
    base = three()[0]
    return [
        replace(
            base,
            trade_id=str(number),
            pnl=pnl,
            gross_pnl=pnl + 1,
            fees=D("0.75"),
            funding=D("0.25"),
            symbol=f"{name}USDT",
            side=Side.BUY if long else Side.SELL,
            entry_ms=START + hours * HOUR,
            exit_ms=START + hours * HOUR + minutes * 60_000,
            initial_stop=None if minutes % 7 == 0 else base.initial_stop,
        )
        for number, (pnl, hours, minutes, name, long) in enumerate(rows)
    ]


@settings(max_examples=30, deadline=None)
@given(_histories)
def test_every_breakdown_adds_up_to_the_whole(rows: Sequence[tuple[D, int, int, str, bool]]) -> None:
    trades = _made(rows)
    found = summary(trades)
    whole = exact_sum(trade.pnl for trade in trades)
    for parts in (
        *(found.by_day, found.by_month, found.by_hour, found.by_weekday, found.by_holding),
        *(found.by_symbol, found.by_side, found.by_exit),
    ):
        assert exact_sum(totals.pnl for totals in parts.values()) == whole
        assert sum(totals.trades for totals in parts.values()) == len(trades)
    blocks = month_blocks(found.by_day, found.by_month)
    assert len(re.findall(r'<td class="day \w?" style', blocks)) == len(found.by_day)
    assert len(re.findall("<table", blocks)) == len(found.by_month)


@settings(max_examples=10, deadline=None)
@given(_histories)
def test_any_history_makes_a_whole_page_without_a_number_that_is_none(
    rows: Sequence[tuple[D, int, int, str, bool]],
) -> None:
    trades = _made(rows)
    page = report_page([(summary(trades), trades)], SOURCE)
    assert not re.search(_NO_NUMBER, shown(page))
    assert not re.search(r'="[^"]*\b(nan|inf)\b', page)


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize(
    "change",
    [
        {"pnl": D(-5), "gross_pnl": D(-4)},
        {"pnl": D(0), "gross_pnl": D(0), "fees": D(0), "mae": D(0), "mfe": D(0), "r_multiple": D(0)},
        {"entry_score": None, "breakdown": (), "closed_by": ClosedBy.FOREIGN, "initial_stop": None},
        {"reconciled": True, "closed_by": ClosedBy.LIQUIDATION},
        {"entry_price": D(0), "exit_price": D(0), "initial_stop": D(0)},
        {"pnl": D("0.00000001"), "gross_pnl": D("1.00000001")},
    ],
)
def test_odd_histories_read_well(count: int, change: dict[str, object]) -> None:
    trades = [replace(trade, **change) for trade in history(count=count)]  # type: ignore[arg-type]
    text = shown(report_page([(summary(trades), trades)], SOURCE))
    assert not re.search(_NO_NUMBER, text)
    assert headline(summary(trades)) in text


def test_no_trade_makes_a_page_that_says_so() -> None:
    assert "No trade was closed yet" in shown(report_page([], SOURCE))


def test_thousands_of_trades_stay_a_small_page_with_the_rest_named() -> None:
    trades = history(count=3000)
    page = report_page([(summary(trades), trades)], replace(SOURCE, table="all trades.csv"))
    assert len(page) < 900_000
    assert page.count("<details><summary class") == NEWEST
    assert '<a href="all%20trades.csv">all trades.csv</a>' in page
    assert f"The newest {NEWEST} of 3,000 trades" in page
    assert page.count("<circle") == 0, "squares that count, where dots would be too many"
    squares = [int(count) for count in re.findall(r"<title>(\d+) trades</title>", page)]
    assert sum(squares) == 2 * 3000
    newest = max(trades, key=lambda trade: trade.exit_ms)
    assert trade_list(trades).index(reason_of(newest)[:12]) > 0


def test_charts_have_words_for_those_who_cannot_see_them() -> None:
    page = report_page([(summary(three()), three())], SOURCE)
    for drawing in re.findall(r"<svg[^>]*>.*?</svg>", page, re.DOTALL):
        assert re.match(r'<svg [^>]*role="img" aria-label="[^"]{5,}"', drawing)
    assert "Best: 09, +12.50 USDT. Worst: 14, −4.00 USDT." in totals_chart(summary(three()).by_hour, "x")
    assert "gross +10.00; fees −3.25; funding −0.50; net +6.25 USDT." in money_chart(summary(three()).totals)


def test_every_exit_has_its_name_below_its_bar() -> None:
    some = next(iter(summary(three()).by_symbol.values()))
    names = [one.value.replace("_", " ") for one in ClosedBy][:5]
    assert any(len(name) > 12 for name in names)
    chart = totals_chart(dict.fromkeys(names, some), "x")
    below = re.findall(r'<text class="tick"[^>]* text-anchor="middle">([^<]+)<', chart)
    assert below == " ".join(names).split()
    height = int(re.findall(r'viewBox="0 0 \d+ (\d+)"', chart)[0])
    assert max(float(y) for y in re.findall(r' y="([\d.]+)"', chart)) < height


def test_a_part_of_the_time_starts_with_what_was_earned_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "trade_history.json").write_bytes(encode_trades(three()))
    page = tmp_path / "r.html"
    arguments = ["report", "--dir", str(tmp_path), "-q", "--start-equity", "1000", "--html", str(page)]
    assert main([*arguments, "--from", "2026-02-01"]) == 0
    assert "starting equity 1,008.50" in page.read_text(encoding="utf-8")
    assert main([*arguments, "--to", "2026-02-01T00:00"]) == 0
    assert "2 trades on 1 day made 8.50 USDT" in page.read_text(encoding="utf-8")
    assert main([*arguments[:-3], "4", *arguments[-2:], "--from", "2026-01-01T15:00:00Z"]) == 0
    with pytest.raises(SystemExit):
        main([*arguments, "--from", "soon"])
    assert "write 2026-01-31 or 2026-01-31T08:00" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "trade_history.json").write_bytes(encode_trades(three()))
    target = tmp_path / "folder"
    target.mkdir()
    (target / "kept").write_text("old")
    assert main(["report", "--dir", str(tmp_path), "-q", "--html", str(target)]) == 2
    assert (target / "kept").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "trade_history.json"]


def test_bars_of_a_file_show_each_trade_on_its_candles(tmp_path: Path) -> None:
    rows = ["timestamp,open,high,low,close,volume"]
    rows += [f"{START + n * 60_000},100,101,99,{100 + n % 2},5" for n in range(24 * 60)]
    bars = tmp_path / "BTCUSDT-1m.csv"
    bars.write_text("\n".join(rows) + "\n")
    (tmp_path / "trade_history.json").write_bytes(encode_trades(three()))
    page = tmp_path / "r.html"
    assert main(["report", "--dir", str(tmp_path), "-q", "--html", str(page), "--data", str(bars)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.count("BTCUSDT around this trade") == 2, "the third trade lies behind the bars"
    assert text.count('class="stop"') == 2
