"""The scan over real sockets: universe, bootstrap, streams, holes, refusals."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scan_rig import asking_of, live, make_desk
from scan_venue import START_MS, candle, venue

from whalebot.decisions.scan.settings import ScanSettings
from whalebot.domain.errors import RateLimited, TransportError, VenueRefused
from whalebot.scanner.bar_store import BarStore
from whalebot.scanner.bootstrap import fetch_history
from whalebot.scanner.lane import Phase
from whalebot.scanner.once import scan_once
from whalebot.scanner.universe import choose, load_universe
from whalebot.scanner.view import status_of

NAMES = [f"AAA{number:04d}USDT" for number in range(1200)]


def test_every_page_of_the_list_is_read_and_kept(tmp_path: Path) -> None:
    cache = tmp_path / "state" / "list.json"
    with venue(NAMES, page=500) as served, asking_of(served) as asking:
        found = load_universe(asking, cache, served.endpoints.rest_url, 1_000, False)
        assert list(found) == NAMES
        asked = len(served.requests)
        again = load_universe(asking, cache, served.endpoints.rest_url, 12 * 3_600_000, False)
        assert again == found
        assert len(served.requests) == asked == 3
        load_universe(asking, cache, served.endpoints.rest_url, 2_000, True)
        assert len(served.requests) == 6
        load_universe(asking, cache, served.endpoints.rest_url, 2_000 + 12 * 3_600_000, False)
        assert len(served.requests) == 9
        assert not any("X-BAPI" in name.upper() for _, _, headers in served.requests for name in headers)


def test_an_old_list_serves_where_the_venue_does_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = tmp_path / "list.json"
    with venue(NAMES[:3]) as served, asking_of(served) as asking:
        found = load_universe(asking, cache, "here", 1, False)
        served.fail["/v5/market/instruments-info"] = [(503, {})] * 3
        assert load_universe(asking, cache, "here", 10**12, False) == found
        assert "using the one kept before" in caplog.text
        served.fail["/v5/market/instruments-info"] = [(503, {})] * 3
        with pytest.raises(TransportError):
            load_universe(asking, cache, "elsewhere", 10**12, False)


def test_names_are_recognised_and_strangers_named() -> None:
    universe = dict.fromkeys(["BTCUSDT", "ETHUSDT", "XRPUSDT"])
    chosen = choose([" btc ", "ETHUSDT", "ethusdt", "", "XRPUSD", "DOGEUSDT"], universe, ["XRP"])  # type: ignore[arg-type]
    assert chosen.symbols == ("BTCUSDT", "ETHUSDT")
    assert chosen.notes[0] == "BTC is taken as BTCUSDT"
    assert "did you mean XRPUSDT" in chosen.notes[1]
    assert "DOGEUSDT: no perpetual" in chosen.notes[2]


@pytest.mark.parametrize(
    ("answers", "requests"),
    [
        ([(503, {}), (200, {"retCode": 10000, "retMsg": "server", "result": {}})], 3),
        ([(429, {}), (200, {"retCode": 10016, "retMsg": "internal", "result": {}})], 3),
        ([(200, {"retCode": 10006, "retMsg": "too many", "result": {}})], 2),
    ],
)
def test_what_is_no_definite_no_is_asked_again(answers: list[tuple[int, dict]], requests: int) -> None:
    with venue(["AUSDT"]) as served, asking_of(served) as asking:
        served.fail["AUSDT"] = list(answers)
        history = asking.submit(lambda asks: fetch_history(asks, "AUSDT", ScanSettings())).result(30)
        assert len(history.closed) == 200
        assert len(served.requests) == requests


def test_a_definite_no_is_not_asked_again() -> None:
    with venue(["AUSDT"]) as served, asking_of(served) as asking:
        served.unknown.add("AUSDT")
        with pytest.raises(VenueRefused) as caught:
            fetch_history(asking, "AUSDT", ScanSettings())
        assert caught.value.ret_code == 10001
        assert len(served.requests) == 1


def test_a_ban_says_what_it_looks_like_and_ends_all_asking() -> None:
    with venue(["AUSDT"]) as served, asking_of(served) as asking:
        served.fail["AUSDT"] = [(403, {"error": "The request could not be satisfied from your country"})]
        with pytest.raises(RateLimited):
            fetch_history(asking, "AUSDT", ScanSettings())
        with pytest.raises(RateLimited):
            fetch_history(asking, "AUSDT", ScanSettings())
        assert len(served.requests) == 1


def test_the_forming_bar_is_no_history() -> None:
    with venue(["AUSDT"], bars=300) as served, asking_of(served) as asking:
        history = fetch_history(asking, "AUSDT", ScanSettings())
    assert [bar.open_ms for bar in history.closed] == [START_MS + n * 900_000 for n in range(99, 299)]
    assert history.forming == candle("AUSDT", 299)
    assert history.previous is None  # 50 hours hold the whole day before


def test_a_short_window_asks_for_the_day_before() -> None:
    settings = ScanSettings(kline_history=60)
    with venue(["AUSDT"], bars=300) as served, asking_of(served) as asking:
        history = fetch_history(asking, "AUSDT", settings)
        day = START_MS + 2 * 86_400_000
        part = [candle("AUSDT", number) for number in range(2 * 96, 3 * 96)]
        assert history.previous is not None
        assert history.previous.start_ms == day
        assert history.previous.high == max(float(bar.high) for bar in part)
        assert history.previous.low == min(float(bar.low) for bar in part)
        assert history.previous.close == float(part[-1].close)
        store = BarStore("AUSDT", "15", 400)
        store.load(candle("AUSDT", number) for number in range(299))
        assert store.window().previous_session == history.previous


def test_the_session_is_paged_back_to_its_start() -> None:
    settings = ScanSettings(kline_history=20)
    with venue(["AUSDT"], bars=4 * 96 - 5) as served, asking_of(served) as asking:
        history = fetch_history(asking, "AUSDT", settings)
        assert history.closed[0].open_ms <= START_MS + 3 * 86_400_000
        assert len([path for path, *_ in served.requests if path.endswith("kline")]) == 3
    store = BarStore("AUSDT", "15", 20)
    store.load(history.closed, history.previous)
    sums = store.window().session
    part = [candle("AUSDT", number) for number in range(3 * 96, 4 * 96 - 6)]
    assert sums is not None
    assert sums.volume == sum(float(bar.volume) for bar in part)


def test_one_scan_judges_every_symbol_without_a_stream() -> None:
    with venue(NAMES[:30]) as served, asking_of(served) as asking:
        served.unknown.add(NAMES[3])
        desk = make_desk(NAMES[:30])
        assert scan_once(asking, desk) == 1
        assert sum(card.evaluation is not None for card in desk.cards.values()) == 29
        assert not served.subscribed
        assert desk.cards[NAMES[0]].evaluation.price == 110  # the last price, not the bar's close


def test_a_refused_topic_stops_its_symbol_alone_and_for_good(caplog: Any) -> None:
    names = NAMES[:30]
    with venue(names) as served:
        served.refused.add(f"kline.15.{names[7]}")
        with live(served, names) as rig:
            rig.until(rig.is_loaded)
            rig.until(lambda: rig.desk.cards[names[7]].phase is Phase.CLOSED)
            rig.until(lambda: len(served.subscribed) == 59)
            assert sum(card.phase is Phase.LIVE for card in rig.desk.cards.values()) == 29
            assert status_of(rig.desk, rig.desk.cards[names[7]]) == "closed"
            served.subscribed.clear()
            served.drop_streams()
            rig.until(lambda: len(served.subscribed) == 59)
            rig.until(lambda: rig.loop.state.up == 1)
            assert f"kline.15.{names[7]}" not in served.subscribed
    assert sum("is closed" in record.message for record in caplog.records) == 1


def test_a_refused_depth_falls_back() -> None:
    with venue(["AUSDT", "BUSDT"]) as served:
        served.refused.add("orderbook.200.AUSDT")
        with live(served, ["AUSDT", "BUSDT"], depth=200) as rig:
            rig.until(lambda: "orderbook.50.AUSDT" in served.subscribed)
            assert "orderbook.200.BUSDT" in served.subscribed


def test_bars_over_an_outage_equal_those_of_a_run_without_one() -> None:
    with venue(["AUSDT"], bars=300) as served, live(served, ["AUSDT"]) as rig:
        lane = rig.desk.cards["AUSDT"].lanes["15"]
        rig.until(rig.is_loaded)
        rig.until(lambda: rig.loop.state.up == 1)
        served.bars = 301
        served.push_bar("AUSDT", 299, True)
        rig.until(lambda: lane.store.last_open_ms == candle("AUSDT", 299).open_ms)
        served.drop_streams()
        served.bars = 305
        rig.until(lambda: rig.loop.state.reconnects >= 1 and rig.loop.state.up == 1)
        served.push_bar("AUSDT", 304, False)
        rig.until(lambda: lane.store.last_open_ms == candle("AUSDT", 303).open_ms)
        assert rig.desk.counts.holes == 1
        whole = BarStore("AUSDT", "15", 200)
        whole.load(candle("AUSDT", number) for number in range(304))
        mine, theirs = lane.store.window(), whole.window()
        for name in ("open_ms", "high", "low", "close", "volume"):
            assert np.array_equal(getattr(mine, name), getattr(theirs, name)), name
        assert mine.session == theirs.session
        assert mine.previous_session == theirs.previous_session
        assert lane.judged_ms == candle("AUSDT", 304).open_ms


def test_tickers_are_merged_and_one_without_a_price_is_no_error() -> None:
    with venue(["AUSDT"], bars=300) as served, live(served, ["AUSDT"], analysis_s=0) as rig:
        card = rig.desk.cards["AUSDT"]
        rig.until(rig.is_loaded)
        rig.until(lambda: rig.loop.state.up == 1)
        at = candle("AUSDT", 299).open_ms + 1000
        served.push_ticker("AUSDT", at, "snapshot", lastPrice="120", turnover24h="7", openInterest="50")
        rig.until(lambda: card.quote.price == 120)
        served.push_ticker("AUSDT", at + 1, bid1Price="119", ask1Price="121", fundingRate="0.0003")
        rig.until(lambda: card.quote.ticker.bid_price == 119)
        assert card.quote.price == 120
        assert card.quote.ticker.turnover_24h == 7
        facts = card.quote.facts()
        assert facts.spread_bps == pytest.approx(2 / 120 * 10_000)
        assert facts.funding == pytest.approx(0.03)
        rig.until(lambda: card.evaluation is not None and card.evaluation.price == 120)
        assert not rig.loop.state.unreadable


def test_a_symbol_that_is_unknown_does_not_end_the_others() -> None:
    with venue(NAMES[:3]) as served:
        served.unknown.add(NAMES[1])
        with live(served, NAMES[:3]) as rig:
            rig.until(lambda: rig.desk.cards[NAMES[1]].phase is Phase.CLOSED)
            rig.until(lambda: sum(card.phase is Phase.LIVE for card in rig.desk.cards.values()) == 2)


def test_a_symbol_that_fails_is_asked_again_while_the_others_run() -> None:
    with venue(NAMES[:2]) as served:
        served.fail[NAMES[0]] = [(503, {})] * 3
        with live(served, NAMES[:2]) as rig:
            rig.until(lambda: rig.desk.cards[NAMES[1]].phase is Phase.LIVE)
            rig.until(rig.is_loaded)
            assert rig.desk.cards[NAMES[0]].failures == 1


def test_no_symbol_at_all_ends_the_scan() -> None:
    with venue(NAMES[:2]) as served:
        served.unknown.update(NAMES[:2])
        with live(served, NAMES[:2]) as rig, pytest.raises(TransportError, match="no symbol could be loaded"):
            rig.until(lambda: False)


def test_closing_waits_for_no_timeout() -> None:
    with venue(NAMES[:50]) as served, live(served, NAMES[:50]) as rig:
        rig.until(rig.is_loaded)
        started_s = time.monotonic()
        rig.streams.close()
        rig.asking.close()
        # Well under two seconds; the rest is for a machine with other things to do.
        assert time.monotonic() - started_s < 20


def test_a_topic_that_stays_silent_ends_no_connection_of_many() -> None:
    from whalebot.adapters.bybit.counters import StreamCounters
    from whalebot.adapters.bybit.decode import make_route
    from whalebot.adapters.bybit.silence import SilenceWatch, StreamTimings

    quiet, lively = (make_route(f"tickers.{name}", StreamCounters("x")) for name in ("AUSDT", "BUSDT"))
    watch = SilenceWatch([quiet, lively], StreamTimings(topic_silence_s=1.0), 1.0, tolerant=True)
    watch.start(0.0)
    renewed = []
    for second in range(1, 10):
        lively.frames += 1
        renewed += watch.check(float(second))
    assert renewed == [quiet]
    quiet.frames += 1
    assert watch.check(10.0) == []
    assert quiet in watch.check(11.5)
    watch.forget({quiet.topic, lively.topic})
    assert watch.check(20.0) == []
