"""Good inputs of every reader, to be spoilt."""

from __future__ import annotations

import io
import json
from decimal import Decimal as D
from functools import cache
from typing import Any

from whalebot.adapters.audit.record import FIRST_PREV, Context
from whalebot.adapters.audit.record import encode_line as encode_audit_line
from whalebot.adapters.storage.state import _encode
from whalebot.adapters.storage.trade_json import encode_trade, encode_trades
from whalebot.adapters.storage.write_ahead import Lengthening
from whalebot.adapters.storage.write_ahead import _encode as encode_line
from whalebot.app.config.defaults import default_text
from whalebot.domain.enums import ClosedBy, Side, Signal
from whalebot.domain.state import GuardrailMemory, PositionMemory, StateDocument, SymbolMemory
from whalebot.domain.trade import ClosedTrade

NOW_MS = 1_760_000_000_000
BAR_MS = 1_759_999_500_000
PUBLIC_TOPICS = [
    "orderbook.50.BTCUSDT",
    "tickers.BTCUSDT",
    "publicTrade.BTCUSDT",
    "kline.15.BTCUSDT",
    "kline.M.BTCUSDT",
    "allLiquidation.BTCUSDT",
]
PRIVATE_TOPICS = ["order", "execution", "position", "wallet"]
_CONTEXT = Context("1.2.3", "demo", "0123456789abcdef")


def _json(*documents: Any) -> list[bytes]:
    return [json.dumps(document).encode() for document in documents]


def public_frames() -> list[bytes]:
    """One frame of each public topic, and answers."""
    book = {
        "s": "BTCUSDT",
        "b": [["60000.1", "1.5"], ["60000", "0"]],
        "a": [["60000.2", "2"]],
        "u": 7,
        "seq": 9,
    }
    ticker = {
        "symbol": "BTCUSDT",
        "lastPrice": "60000.1",
        "markPrice": "60000",
        "indexPrice": "60001",
        "bid1Price": "60000",
        "ask1Price": "60000.2",
        "fundingRate": "0.0001",
        "nextFundingTime": str(NOW_MS),
    }
    trade = {"T": NOW_MS, "s": "BTCUSDT", "S": "Buy", "v": "0.01", "p": "60000.1", "i": "x", "BT": False}
    bar = {
        "start": BAR_MS,
        "end": BAR_MS + 899_999,
        "interval": "15",
        "open": "1.5",
        "high": "2",
        "low": "1",
        "close": "1.7",
        "volume": "10",
        "turnover": "15",
        "confirm": True,
        "timestamp": NOW_MS,
    }
    month = bar | {"start": 1_759_276_800_000, "end": 1_761_955_199_999, "interval": "M", "confirm": False}
    liquidation = {"T": NOW_MS, "s": "BTCUSDT", "S": "Sell", "v": "1", "p": "60000"}

    def frame(topic: str, data: Any, kind: str = "snapshot") -> dict[str, Any]:
        return {"topic": topic, "type": kind, "ts": NOW_MS, "data": data}

    return _json(
        frame("orderbook.50.BTCUSDT", book),
        frame("orderbook.50.BTCUSDT", book, "delta"),
        frame("tickers.BTCUSDT", ticker),
        frame("tickers.BTCUSDT", {"symbol": "BTCUSDT", "bid1Price": ""}, "delta"),
        frame("publicTrade.BTCUSDT", [trade, trade | {"S": "Sell"}]),
        frame("kline.15.BTCUSDT", [bar]),
        frame("kline.M.BTCUSDT", [month]),
        frame("allLiquidation.BTCUSDT", [liquidation]),
        {"success": True, "ret_msg": "", "conn_id": "c", "req_id": "1", "op": "subscribe"},
        {"success": True, "ret_msg": "pong", "op": "ping"},
    )


_ORDER = {
    "symbol": "BTCUSDT",
    "orderId": "o-1",
    "orderLinkId": "wb-x-1",
    "side": "Buy",
    "orderStatus": "Filled",
    "qty": "0.001",
    "cumExecQty": "0.001",
    "avgPrice": "60000",
    "reduceOnly": False,
    "stopOrderType": "",
    "createType": "CreateByUser",
    "rejectReason": "EC_NoError",
    "triggerPrice": "",
    "positionIdx": 0,
    "createdTime": str(NOW_MS),
    "updatedTime": str(NOW_MS),
    "category": "linear",
}
_EXECUTION = {
    "symbol": "BTCUSDT",
    "execId": "e-1",
    "execPrice": "60000",
    "execQty": "0.001",
    "execTime": str(NOW_MS),
    "side": "Buy",
    "execType": "Trade",
    "execFee": "0.033",
    "execValue": "60",
    "feeRate": "0.00055",
    "feeCurrency": "",
    "extraFees": "",
    "isMaker": False,
    "orderId": "o-1",
    "orderLinkId": "wb-x-1",
    "orderQty": "0.001",
    "stopOrderType": "",
    "createType": "CreateByUser",
    "closedSize": "0",
    "seq": 12,
    "category": "linear",
}
_POSITION = {
    "symbol": "BTCUSDT",
    "side": "Buy",
    "size": "0.001",
    "positionIdx": 0,
    "entryPrice": "60000",
    "avgPrice": "60000",
    "stopLoss": "59000",
    "takeProfit": "",
    "trailingStop": "0",
    "leverage": "5",
    "markPrice": "60000",
    "liqPrice": "",
    "updatedTime": str(NOW_MS),
    "seq": 12,
    "category": "linear",
}
_WALLET = {
    "accountType": "UNIFIED",
    "totalAvailableBalance": "1000",
    "coin": [
        {
            "coin": "USDT",
            "equity": "1000",
            "walletBalance": "1000",
            "totalOrderIM": "0",
            "totalPositionIM": "0",
        }
    ],
}


def private_frames() -> list[bytes]:
    """One frame of each private topic."""
    rows = {"order": _ORDER, "execution": _EXECUTION, "position": _POSITION, "wallet": _WALLET}
    frames = [
        {"id": "i", "topic": topic, "creationTime": NOW_MS, "data": [row, row]} for topic, row in rows.items()
    ]
    funding = _EXECUTION | {"execType": "Funding", "extraFees": [{"feeCoin": "USDT", "fee": "0.1"}]}
    return _json(
        *frames,
        {"topic": "execution", "creationTime": NOW_MS, "data": [funding]},
        {"success": True, "ret_msg": "", "op": "auth", "conn_id": "c"},
    )


def fill(name: str, side: str, qty: str, closed: str = "0") -> dict[str, Any]:
    """A frame of one fill."""
    named = {"execId": name, "orderId": f"o-{name}", "orderLinkId": f"link-{name}"}
    row = _EXECUTION | named | {"side": side, "execQty": qty, "orderQty": qty, "closedSize": closed}
    return {"topic": "execution", "creationTime": NOW_MS, "data": [row]}


def position(side: str, size: str) -> dict[str, Any]:
    """A frame of one position."""
    return {"topic": "position", "creationTime": NOW_MS, "data": [_POSITION | {"side": side, "size": size}]}


def websocket_bytes() -> list[bytes]:
    """Streams of whole frames: short, long, fragmented, control frames in between."""
    short, long = b'{"op":"pong"}', b"x" * 70_000
    return [
        b"\x81" + bytes([len(short)]) + short,
        b"\x81\x7e\x01\x00" + b"y" * 256 + b"\x89\x02hi" + b"\x88\x02\x03\xe8",
        b"\x81\x7f" + len(long).to_bytes(8, "big") + long,
        b"\x01\x03abc\x89\x00\x00\x03def\x80\x03ghi",
    ]


def rest_answers() -> list[bytes]:
    """A good answer of every call, and refusals, in the form that the target reads."""

    def answer(call: int, result: Any, status: int = 200, headers: str = "", code: int = 0) -> bytes:
        body = {"retCode": code, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": NOW_MS}
        return f"{call} {status}\n{headers}\n\n".encode() + json.dumps(body).encode()

    rows = [[str(BAR_MS - n * 900_000), "1.5", "2", "1", "1.7", "10", "15"] for n in range(3)]
    instrument = {
        "symbol": "BTCUSDT",
        "contractType": "LinearPerpetual",
        "quoteCoin": "USDT",
        "status": "Trading",
        "leverageFilter": {"maxLeverage": "100"},
        "priceFilter": {"tickSize": "0.1"},
        "lotSizeFilter": {"qtyStep": "0.001", "minOrderQty": "0.001", "maxOrderQty": "100"},
        "fundingInterval": 480,
    }
    key = {
        "readOnly": 0,
        "permissions": {"Wallet": [], "ContractTrade": ["Order"]},
        "ips": ["1.2.3.4"],
        "userID": 1,
        "uta": 1,
    }
    limits = "X-Bapi-Limit:10\nX-Bapi-Limit-Status:9\nX-Bapi-Limit-Reset-Timestamp:1760000000500"
    return [
        answer(0, {"timeSecond": "1760000000", "timeNano": "1760000000000000000"}, headers=limits),
        answer(1, {"list": rows}),
        answer(2, {"list": [[*["1759276800000"], *rows[0][1:]]]}),
        answer(3, {"list": [instrument], "nextPageCursor": ""}),
        answer(4, {"list": [_POSITION | _ORDER | _WALLET], "nextPageCursor": ""}),
        answer(5, {"list": [_ORDER], "nextPageCursor": "a"}),
        answer(5, {"list": [_EXECUTION | {"orderLinkId": "wb-x-1"}], "nextPageCursor": ""}),
        answer(6, {"list": [_EXECUTION], "nextPageCursor": ""}),
        answer(7, {"orderId": "o-1", "orderLinkId": "wb-x-1"}),
        answer(8, {}),
        answer(9, key),
        answer(10, {"marginMode": "REGULAR_MARGIN", "unifiedMarginStatus": 4}),
        answer(11, {"list": [{"symbol": "BTCUSDT", "takerFeeRate": "0.0006", "makerFeeRate": "0.0001"}]}),
        answer(12, {"list": [_POSITION]}),
        answer(7, {}, code=110007),
        answer(7, {}, code=10006, headers=limits),
        answer(4, {}, code=10002),
        answer(0, {}, status=429, headers=limits),
        answer(0, {}, status=403),
        answer(0, {}, status=502),
    ]


def configs() -> list[bytes]:
    """The default configuration, and small ones of several kinds."""
    return [
        default_text().encode(),
        *_json(
            {"symbols": ["BTCUSDT", "ETHUSDT"], "interval": "5", "trade_management": {"leverage": 3}},
            {
                "mode": "testnet",
                "exchange": {
                    "rest_url": "http://127.0.0.1:8899",
                    "ws_public_url": "ws://localhost:1/v5/public/linear",
                    "ws_private_url": "wss://stream-testnet.bybit.com/v5/private",
                    "trusted_hosts": ["example.org"],
                },
            },
            {
                "alerts": {
                    "enabled": True,
                    "channels": [{"name": "x", "url": "${TOKEN}", "min_level": "warning"}],
                }
            },
            {
                "session_filter": {"enabled": True, "utc_allowed": [["08:00", "16:30"]]},
                "timezone": "Asia/Tokyo",
            },
            {
                "weight_sets": {"mine": {"vwap": 1.0}},
                "active_weight_set": "mine",
                "indicators": {"vwap": True},
            },
        ),
    ]


def env_files() -> list[bytes]:
    """Keys in the forms that people write them."""
    return [
        b"BYBIT_API_KEY=abcdefghij1234567\nBYBIT_API_SECRET='s3cr3t with $ign'\n# word\nexport X=\"a\\nb\"\n",
        b'A="two\nlines"\nB=c # tail\n\n',
    ]


def bar_files() -> list[bytes]:
    """Bars as CSV."""
    head = b"timestamp,open,high,low,close,volume\n"
    rows = [b"%d,1.5,2.25,1,1.75,10.5" % (BAR_MS + n * 900_000) for n in range(6)]
    return [head + b"\n".join(rows) + b"\n", head.replace(b"\n", b",extra\n") + b",\n".join(rows) + b",\n"]


def packed_bar_files() -> list[bytes]:
    """Bars as CSV, packed or to be packed."""
    import gzip

    return [*bar_files(), gzip.compress(bar_files()[0], mtime=0)]


@cache
def parquet_files() -> list[bytes]:
    """Bars as Parquet; none where pyarrow is missing."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return []
    columns: dict[str, list[Any]] = {"timestamp": [BAR_MS + n * 900_000 for n in range(6)]}
    columns |= {
        "open": [1.5] * 6,
        "high": [2.5] * 6,
        "low": [1.0] * 6,
        "close": [1.7] * 6,
        "volume": [3.0] * 6,
    }
    held = io.BytesIO()
    pq.write_table(pa.table(columns), held, compression="NONE")
    return [held.getvalue()]


def funding_files() -> list[bytes]:
    """Funding rates as CSV."""
    return [b"timestamp,fundingRate\n1759996800000,0.0001\n1760025600000,-0.00005\n"]


def _trade(number: int) -> ClosedTrade:
    return ClosedTrade(
        trade_id=f"BTCUSDT-e{number}",
        mode="demo",
        symbol="BTCUSDT",
        side=Side.BUY,
        entry_ms=NOW_MS + number,
        exit_ms=NOW_MS + 1000 + number,
        entry_price=D("60000"),
        exit_price=D("60100"),
        qty=D("0.001"),
        gross_pnl=D("0.1"),
        fees=D("0.06"),
        funding=D(0),
        pnl=D("0.04"),
        pnl_percent=D("0.3"),
        r_multiple=None,
        mae=D("0.1"),
        mfe=D("0.2"),
        bars_held=3,
        closed_by=ClosedBy.TAKE_PROFIT,
        entry_score=2.1,
        breakdown=(("vwap", 0.2),),
        initial_stop=D("59900"),
        order_link_ids=("wb-x-1",),
        config_hash="c0ffee",
    )


def states() -> list[bytes]:
    """State documents, empty and full."""
    position = PositionMemory(
        symbol="BTCUSDT",
        side=Side.SELL,
        entry_link_id="wb-x-1",
        first_exec_id="e1",
        opened_ms=NOW_MS,
        entry_score=-2.1,
        breakdown=(("vwap", -0.2),),
        atr=12.5,
        initial_stop=D("61000"),
        target=None,
        stop=D("61000"),
        best_price=D("59000"),
        worst_price=D("60500"),
        stop_moved=True,
        bars_held=2,
        bought=D(0),
        bought_qty=D(0),
        sold=D("60"),
        sold_qty=D("0.001"),
        fees=D("0.03"),
        funding=D(0),
        link_ids=("wb-x-1",),
        closing_as=None,
        foreign=False,
        leverage=D(5),
    )
    full = StateDocument(
        run_id="r1",
        revision=9,
        positions=(position,),
        symbols=(SymbolMemory("BTCUSDT", Signal.SELL),),
        guardrails=GuardrailMemory(peak_equity=D("1000")),
        unrecorded_trades=(_trade(1),),
    )
    return [_encode(StateDocument(run_id="r0")), _encode(full)]


def audit_trails() -> list[bytes]:
    """Trails of four records, of none, and one whose last line is torn."""
    lines, prev = [], FIRST_PREV
    for seq in range(1, 5):
        line, prev = encode_audit_line(
            seq, "2026-01-02T03:04:05.678+00:00", _CONTEXT, "order", "engine", {"qty": "0.010"}, prev
        )
        lines.append(line)
    whole = b"".join(lines)
    return [whole, b"", whole[:-30]]


def spot_transactions() -> list[bytes]:
    """A file with every type of transaction."""
    return [
        b"time,type,sent_coin,sent_qty,received_coin,received_qty,fee_coin,fee_qty,value,id\n"
        b"2025-01-01T10:00:00+00:00,opening,,,BTC,2,,,60000,a\n"
        b"2025-01-02,trade,EUR,1000.50,ETH,0.5,EUR,1,,b\n"
        b"2025-01-03,trade,BTC,1e-3,ETH,0.01,BTC,0.00001,30,c\n"
        b"2025-01-04,transfer,ETH,0.2,ETH,0.199,,,2.5,d\n"
        b"2025-01-05,income,,,ETH,0.1,,,250,e\n"
        b"2025-01-06,fee,,,,,ETH,0.001,2.5,f\n"
    ]


def currency_rates() -> list[bytes]:
    """Rates of two days."""
    return [b"date,currency,EUR\n2025-01-01,USDT,0.9612\n2025-01-02,BTC,93120.55\n"]


def histories() -> list[bytes]:
    """Histories of three trades, of none, and as another tool would write them."""
    three = encode_trades([_trade(n) for n in range(3)])
    return [three, b"[]\n", json.dumps(json.loads(three), indent=2).encode()]


def write_ahead_lines() -> list[bytes]:
    """A line that fits the first of `histories`, and one that does not."""
    offset = len(histories()[0]) - len(b"\n]\n")
    raw = encode_trade(_trade(3))
    lines = (Lengthening(offset, False, raw), Lengthening(5, True, raw))
    return [encode_line(line).ljust(4096, b"\n") for line in lines]


@cache
def track() -> Any:
    """A few bars for the exchange to play."""
    from whalebot.adapters.exchange.market.bars import bars_from_candles
    from whalebot.adapters.exchange.market.playback import PlaybackTrack
    from whalebot.domain.instrument import Instrument
    from whalebot.domain.market import Candle

    prices = (D("60000"), D("60010"), D("59990"), D("60005"))
    candles = [Candle("BTCUSDT", "15", BAR_MS + n * 900_000, *prices, D("12")) for n in range(-3, 6)]
    instrument = Instrument("BTCUSDT", D("0.1"), D("0.001"), D("0.001"), D(1190), D(500), D(5), D(100))
    return PlaybackTrack(instrument, bars_from_candles(candles), None, ())


@cache
def exchange_states() -> list[bytes]:
    """A saved exchange."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from whalebot.adapters.exchange.server.build import build_parts
    from whalebot.adapters.exchange.server.options import ExchangeOptions
    from whalebot.adapters.exchange.server.state_store import StateStore

    options = ExchangeOptions(data=("made-up",), from_ms=BAR_MS)
    parts, _ = build_parts(options, (track(),))
    document = {"version": 1, "core": parts.core.export_state(), "market": parts.market.export_state()}
    with TemporaryDirectory() as folder:
        StateStore(Path(folder)).save(document)
        return [(Path(folder) / "exchange.json").read_bytes()]


def control_lines() -> list[bytes]:
    """Requests and answers."""
    return _json(
        {"command": "status"}, {"command": "panic"}, {"ok": True, "view": {}}, {"ok": False, "error": "x"}
    )


def exchange_requests() -> list[bytes]:
    """A request for each route: its number, and a query or a body."""
    from whalebot.adapters.exchange.server.routes import ROUTES

    order = {
        "category": "linear",
        "symbol": "BTCUSDT",
        "side": "Buy",
        "orderType": "Limit",
        "qty": "0.01",
        "price": "60000",
        "orderLinkId": "a-1",
        "stopLoss": "50000",
        "takeProfit": "70000",
        "positionIdx": 0,
        "leverage": "3",
        "buyLeverage": "3",
        "sellLeverage": "3",
        "mode": 3,
        "trailingStop": "100",
        "tpslMode": "Full",
        "triggerPrice": "61000",
        "triggerDirection": 1,
        "timeWindow": 40,
    }
    query = b"category=linear&symbol=BTCUSDT&interval=15&limit=5&start=1759990000000&end=1760000000000"
    query += b"&startTime=1759990000000&intervalTime=5min&period=1h&accountType=UNIFIED&coin=USDT&cursor="
    found = []
    for number, route in enumerate(ROUTES):
        body: Any = {"category": "linear", "request": [order, order]} if route.batch else order
        found.append(b"%d\n" % number + (query if route.method == "GET" else json.dumps(body).encode()))
    return found


def exchange_messages() -> list[bytes]:
    """What clients say on the three sockets."""
    header = {"X-BAPI-TIMESTAMP": str(NOW_MS), "X-BAPI-RECV-WINDOW": "5000"}
    order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}
    return _json(
        {"op": "subscribe", "args": ["orderbook.50.BTCUSDT", "tickers.BTCUSDT"], "req_id": "1"},
        {"op": "subscribe", "args": ["order", "wallet"], "req_id": 1},
        {"op": "unsubscribe", "args": ["order"]},
        {"op": "auth", "args": ["local-key", NOW_MS * 2, "0" * 64]},
        {"op": "ping", "req_id": "x"},
        {"op": "order.create", "reqId": "r", "header": header, "args": [order]},
        {"op": "order.create-batch", "header": header, "args": [{"category": "linear", "request": [order]}]},
    )


def exchange_faults() -> list[bytes]:
    """Orders for faults."""
    return _json(
        {"do": "rest_error", "path": "trading-stop", "status": 502, "count": 3},
        [{"do": "drop_streams", "at": "5s", "for": "2s"}, {"do": "reject_order", "after": {"orders": 2}}],
        {"faults": [{"do": "send_frame", "frame": "garbage", "channel": "all"}]},
        {"do": "price_gap", "symbol": "BTCUSDT", "pct": "-3"},
    )
