"""Well-formed answers that are wrong: rows told twice, other symbols, no bars, no money, no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from loopback_rest import KEY, SECRET, Answer, LoopbackRest, good, page

from whalebot.adapters.bybit.auth import Credentials
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.rest import RestClient, RestFactory, RestSettings
from whalebot.adapters.bybit.rest_history import BybitHistory
from whalebot.adapters.bybit.rest_survey import BybitSurvey
from whalebot.domain.errors import TransportError

pytestmark = pytest.mark.socket
D = Decimal
MINUTE = 60_000
OPEN_MS = 1_700_000_000_000 // MINUTE * MINUTE


@pytest.fixture
def venue() -> Iterator[LoopbackRest]:
    venue = LoopbackRest()
    venue.on("order/realtime", page())
    venue.on("position/list", page())
    yield venue
    venue.close()


@pytest.fixture
def client(clock: Any, venue: LoopbackRest) -> Iterator[RestClient]:
    where = Endpoints(venue.url, "ws://127.0.0.1:1", None)
    settings = RestSettings(where, ["BTCUSDT", "ETHUSDT"], Credentials(KEY, SECRET), read_timeout_s=30.0)
    client = RestFactory(settings, clock, lambda _: None).client()
    yield client
    client.close()


def position(stop: str, updated_ms: int, seq: int = 5, **changes: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "side": "Buy",
        "size": "0.5",
        "avgPrice": "100.5",
        "positionIdx": 0,
        "stopLoss": stop,
        "updatedTime": str(updated_ms),
        "seq": seq,
    } | changes


def wallet(balance: str, equity: str) -> Answer:
    coin = {"coin": "USDT", "equity": equity, "walletBalance": balance}
    return page({"accountType": "UNIFIED", "totalAvailableBalance": "0", "coin": [coin]})


# --- positions told twice ---------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [False, True], ids=["newest last", "newest first"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (position("90", 1000), position("95", 2000)),
        (position("90", 1000, 5), position("95", 1000, 6)),
        (position("90", 1000, 9), position("0", 2000, 7, side="", size="0")),
    ],
    ids=["by time", "by sequence", "closed meanwhile"],
)
def test_a_position_on_two_pages_is_one_and_the_newest(
    venue: LoopbackRest, client: RestClient, old: dict[str, Any], new: dict[str, Any], turned: bool
) -> None:
    first, second = (new, old) if turned else (old, new)
    venue.on("position/list", page(first, cursor="a"), page(second))
    venue.on("account/wallet-balance", wallet("1000", "1000"))
    (found,) = client.account.snapshot().positions
    assert found.updated_ms == int(new["updatedTime"])
    assert (found.seq, found.qty) == (new["seq"], D(new["size"]))


def test_of_two_rows_of_one_age_the_one_told_later_counts(venue: LoopbackRest, client: RestClient) -> None:
    venue.on("position/list", page(position("90", 1000), cursor="a"), page(position("95", 1000)))
    venue.on("account/wallet-balance", wallet("1000", "1000"))
    assert [p.stop_loss for p in client.account.snapshot().positions] == [D(95)]


def test_both_sides_of_a_hedge_and_other_symbols_stay(venue: LoopbackRest, client: RestClient) -> None:
    sides = [position("90", 1, positionIdx=1), position("110", 1, positionIdx=2, side="Sell")]
    venue.on("position/list", page(*sides, position("9", 1, symbol="ETHUSDT"), cursor="a"), page(sides[1]))
    venue.on("account/wallet-balance", wallet("1000", "1000"))
    found = [(p.symbol, p.position_idx) for p in client.account.snapshot().positions]
    assert found == [("BTCUSDT", 1), ("BTCUSDT", 2), ("ETHUSDT", 0)]


# --- a wallet of nothing ----------------------------------------------------------------------------------


def test_a_wallet_of_nothing_is_not_believed_while_a_position_is_open(
    venue: LoopbackRest, client: RestClient
) -> None:
    venue.on("position/list", page(position("90", 1000)))
    venue.on("account/wallet-balance", wallet("0", "0.00"))
    with pytest.raises(TransportError, match="position is open, and the wallet holds no USDT"):
        client.account.snapshot()


@pytest.mark.parametrize(("balance", "equity"), [("0", "12.5"), ("-3", "0"), ("1000", "0")])
def test_a_balance_or_an_equity_of_zero_alone_may_be(
    venue: LoopbackRest, client: RestClient, balance: str, equity: str
) -> None:
    venue.on("position/list", page(position("90", 1000)))
    venue.on("account/wallet-balance", wallet(balance, equity))
    found = client.account.snapshot().wallet
    assert (found.wallet_balance, found.equity) == (D(balance), D(equity))


NOTHING = {
    "zeros": wallet("0", "0.00"),
    "no USDT": page({"accountType": "UNIFIED", "totalAvailableBalance": "0", "coin": []}),
}


@pytest.mark.parametrize("nothing", NOTHING.values(), ids=NOTHING.keys())
def test_a_wallet_of_nothing_told_three_times_is_believed_of_a_flat_account(
    venue: LoopbackRest, client: RestClient, nothing: Answer
) -> None:
    venue.on("position/list", page(position("", 1000, side="", size="0")))
    venue.on("account/wallet-balance", nothing)
    assert client.account.snapshot().wallet.equity == 0
    assert len(venue.to("account/wallet-balance")) == 3


@pytest.mark.parametrize("nothing", NOTHING.values(), ids=NOTHING.keys())
@pytest.mark.parametrize("times", [1, 2])
def test_a_wallet_of_nothing_told_by_the_way_is_not_believed(
    venue: LoopbackRest, client: RestClient, nothing: Answer, times: int
) -> None:
    venue.on("account/wallet-balance", *[nothing] * times, wallet("1000", "1000"))
    assert client.account.snapshot().wallet.equity == 1000


# --- bars of another symbol, and none ---------------------------------------------------------------------


def bars(count: int, **told: str) -> Answer:
    rows = [[str(OPEN_MS - MINUTE * n), "2", "4", "1", "3", "5", "9"] for n in range(count)]
    return good({**told, "list": rows})


Asking = Callable[[RestClient], Any]
ASKING: dict[str, Asking] = {
    "engine": lambda c: c.market.candles("BTCUSDT", "1", None, None, 2),
    "newest day": lambda c: c.market.newest_bar_close_ms("BTCUSDT"),
    "survey": lambda c: BybitSurvey(c.session, c.market._clock).bars("BTCUSDT", "1", None, 3),
    "download": lambda c: history(c).bars("BTCUSDT", "1", 0, OPEN_MS + 1),
    "newest bar": lambda c: history(c).newest_open_ms("BTCUSDT", "1"),
}


def history(client: RestClient) -> BybitHistory:
    return BybitHistory(client.session, client.market.measure_clock, lambda _: None)


FOREIGN = [{"symbol": "ETHUSDT"}, {"symbol": "BTCUSDT", "category": "spot"}]


@pytest.mark.parametrize("told", FOREIGN, ids=str)
@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING.keys())
def test_bars_of_another_symbol_or_product_are_no_answer(
    venue: LoopbackRest, client: RestClient, told: dict[str, str], ask: Asking
) -> None:
    venue.on("market/kline", bars(3, **told))
    with pytest.raises(TransportError, match="an answer about"):
        ask(client)


def test_mark_bars_of_another_symbol_are_no_answer(venue: LoopbackRest, client: RestClient) -> None:
    venue.on("market/mark-price-kline", good({"symbol": "ETHUSDT", "list": []}))
    with pytest.raises(TransportError, match="an answer about"):
        history(client).mark_bars("BTCUSDT", "1", 0, OPEN_MS)


@pytest.mark.parametrize("told", [{}, {"symbol": "BTCUSDT"}, {"symbol": "BTCUSDT", "category": "linear"}])
def test_bars_of_the_symbol_asked_for_are_taken(
    venue: LoopbackRest, client: RestClient, told: dict[str, str]
) -> None:
    venue.on("market/kline", bars(3, **told))
    assert len(client.market.candles("BTCUSDT", "1", None, None, 2)) == 2


@pytest.mark.parametrize("end_ms", [None, OPEN_MS])
@pytest.mark.parametrize("empty", [1, 2])
def test_an_answer_without_even_a_forming_bar_is_asked_for_again(
    venue: LoopbackRest, client: RestClient, empty: int, end_ms: int | None
) -> None:
    venue.on("market/kline", *[bars(0, symbol="BTCUSDT")] * empty, bars(3, symbol="BTCUSDT"))
    assert len(client.market.candles("BTCUSDT", "1", None, end_ms, 2)) == 2
    assert len({request.raw_query for request in venue.to("market/kline")[: empty + 1]}) == 1


@pytest.mark.parametrize("end_ms", [None, OPEN_MS])
def test_no_bars_told_three_times_are_believed(
    venue: LoopbackRest, client: RestClient, end_ms: int | None
) -> None:
    venue.on("market/kline", bars(0, symbol="BTCUSDT"))
    assert client.market.candles("BTCUSDT", "W", None, end_ms, 200) == []
    assert len(venue.to("market/kline")) == 3


def test_the_first_bar_of_a_new_symbol_is_a_history_of_nothing(
    venue: LoopbackRest, client: RestClient
) -> None:
    venue.on("market/kline", bars(1, symbol="BTCUSDT"))
    assert client.market.candles("BTCUSDT", "1", None, None, 200) == []

    assert len(venue.to("market/kline")) == 1


# --- times that are none ----------------------------------------------------------------------------------

NANO = "1760000000123000000"


@pytest.mark.parametrize(
    ("told", "time_ms"),
    [
        ({"timeSecond": "1760000000", "timeNano": NANO}, 1_760_000_000_123),
        ({"timeSecond": "0", "timeNano": NANO}, 1_760_000_000_123),
        ({"timeSecond": "1760000000"}, 1_760_000_000_000),
        ({"timeSecond": "1760000000", "timeNano": "0"}, 1_760_000_000_000),
        ({"timeSecond": "1760000000", "timeNano": "-5"}, 1_760_000_000_000),
        ({"timeSecond": "1760000000", "timeNano": "1760000000"}, 1_760_000_000_000),
        ({"timeSecond": "1760000000", "timeNano": "1760000000123"}, 1_760_000_000_000),
    ],
    ids=str,
)
def test_the_second_stands_in_for_a_time_that_is_none(
    venue: LoopbackRest, client: RestClient, clock: Any, told: dict[str, str], time_ms: int
) -> None:
    venue.on("market/time", good(told))
    assert client.market.server_time_ms() == time_ms
    assert BybitSurvey(client.session, clock).clock_offset_ms() == pytest.approx(
        time_ms - clock.now_ms(), abs=30_000
    )


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"timeNano": "0"},
        {"timeSecond": "0", "timeNano": "0"},
        {"timeSecond": "1", "timeNano": "1760000000"},
        {"timeSecond": "1760000000123"},
        {"timeSecond": "-1760000000", "timeNano": "-1"},
    ],
    ids=str,
)
def test_an_answer_without_a_time_moves_no_clock(
    venue: LoopbackRest, client: RestClient, told: dict[str, str]
) -> None:
    venue.on("market/time", good(told))
    with pytest.raises(TransportError, match="market/time: unreadable result: neither time"):
        client.market.measure_clock()
    assert client.market._venue_clock.offset_ms() == 0
