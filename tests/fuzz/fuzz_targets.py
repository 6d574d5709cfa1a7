"""Everything that reads what others wrote, each as one function of bytes that must hold its contract.

The contract: an input is understood or refused with the error that its reader promises, at once and in little
memory. Any other exception that leaves `run` is a defect.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import json
import logging
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import fuzz_engine
import fuzz_seeds as seeds
import requests
import urllib3

from whalebot.adapters.audit.reading import last_records
from whalebot.adapters.audit.record import Context
from whalebot.adapters.audit.verify import verify
from whalebot.adapters.audit.writer import AuditWriter, Entry
from whalebot.adapters.bybit.auth import Credentials
from whalebot.adapters.bybit.conventions import LATEST_MS
from whalebot.adapters.bybit.counters import StreamCounters
from whalebot.adapters.bybit.decode import FrameDecoder
from whalebot.adapters.bybit.frames import MAX_MESSAGE_BYTES, FrameReader
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.rest import RestClient, RestFactory, RestSettings
from whalebot.adapters.bybit.wire import ControlFrame
from whalebot.adapters.control.client import _checked
from whalebot.adapters.control.protocol import BadRequest, parse_request
from whalebot.adapters.exchange.server import public_session
from whalebot.adapters.exchange.server.build import build_parts
from whalebot.adapters.exchange.server.clock import SystemClock as ExchangeClock
from whalebot.adapters.exchange.server.connection import Channel, Connection
from whalebot.adapters.exchange.server.options import ExchangeOptions
from whalebot.adapters.exchange.server.routes import ROUTES
from whalebot.adapters.exchange.server.server import ExchangeServer
from whalebot.adapters.exchange.server.state_store import StateStore
from whalebot.adapters.feeds.funding import read_funding
from whalebot.adapters.feeds.ohlcv import read_bars
from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.history import TradeHistory
from whalebot.adapters.storage.state import StateFile
from whalebot.app.config.environment import Environment, read_environment
from whalebot.app.config.loading import load
from whalebot.domain.effects import AmendStop
from whalebot.domain.enums import Side, TriggerBy
from whalebot.domain.errors import ConfigError, TransportError, WhalebotError
from whalebot.domain.events import Filled, OrderUpdated, PositionReported, TickerChanged
from whalebot.domain.orders import OrderIntent, Purpose
from whalebot.research.tax.lots import Method
from whalebot.research.tax.rates import Calendar, Rates, read_rates
from whalebot.research.tax.spot import keep_books
from whalebot.research.tax.transactions import read_transactions

SYMBOL = "BTCUSDT"

_CALENDAR = Calendar(ZoneInfo("Europe/Berlin"))


@dataclass(frozen=True)
class Target:
    """One reader. `examples` returns good inputs; `run` raises what is a defect."""

    examples: Callable[[], list[bytes]]
    run: Callable[[bytes], None]


class UnsyncedFiles(FileSystem):
    """The real files without the wait for the disk."""

    def sync(self, fd: int) -> None:
        """Nothing is kept."""

    def sync_names(self, fd: int) -> None:
        """Nothing is kept."""


class FixedClock:
    """A machine that stands still."""

    def now_ms(self) -> int:
        return 1_760_000_000_000

    def monotonic(self) -> float:
        return 1.0


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="whalebot-fuzz-") as name:
        yield Path(name)


def _names(refusal: Exception, place: Path | None, most: int = 5000) -> None:
    """A refusal names the place, and is no repetition of the input."""
    text = str(refusal)
    assert place is None or str(place) in text, text[:200]
    assert len(text) < most, f"a refusal of {len(text)} characters"


# --- the venue's streams -------------------------------------------------------------------------------


def run_frame(topics: list[str], data: bytes) -> None:
    """Decode one frame: events with finite, sane numbers that a market can have, or a count."""
    counters = StreamCounters("fuzz")
    found = FrameDecoder(topics, counters).decode(data, 1_760_000_000_000)
    if isinstance(found, ControlFrame):
        return
    for event in found:
        _sane(event)
        _possible(event)


def _possible(event: Any) -> None:
    """Nothing is bought or sold for nothing, and no price or quantity lies below zero."""
    if isinstance(event, Filled):
        fill = event.execution
        assert fill.closed_qty >= 0
        assert min(fill.qty, fill.price) > 0 or not fill.exec_type.moves_position, fill
    elif isinstance(event, PositionReported):
        assert event.position.qty >= 0
    elif isinstance(event, OrderUpdated):
        assert min(event.order.qty, event.order.cum_exec_qty) >= 0
    elif isinstance(event, TickerChanged):
        prices = (event.last_price, event.mark_price, event.index_price, event.bid_price, event.ask_price)
        assert all(price is None or price >= 0 for price in prices)


def _sane(value: Any, depth: int = 0) -> None:
    """Every number that reaches the engine can be counted with, shown and saved."""
    if isinstance(value, Decimal):
        assert value.is_finite(), value
        digits = max(value.adjusted(), 0) - min(int(value.as_tuple().exponent), 0)
        assert digits < 4100, f"{value!s:.40} takes {digits} characters"
    elif isinstance(value, int):
        assert -(2**63) <= value < 2**64, value.bit_length()
    elif isinstance(value, float):
        assert abs(value) < 1e301, value
    elif isinstance(value, list | tuple):
        for item in value:
            _sane(item, depth + 1)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            inner = getattr(value, name)
            _sane(inner, depth + 1)
            if name.endswith("_ms") and isinstance(inner, int):
                assert -1 <= inner < LATEST_MS, f"{name} = {inner} is no time"


def run_websocket(data: bytes) -> None:
    """Cut a byte stream into messages, in blocks of changing size; never hold more than a message."""
    reader, rng, held = FrameReader(), random.Random(len(data)), 0
    try:
        at = 0
        while at < len(data):
            size = rng.choice((1, 2, 7, 200, 65536))
            held += sum(len(payload) for _, payload in reader.feed(data[at : at + size]))
            at += size
    except TransportError:
        return
    assert held <= len(data) <= MAX_MESSAGE_BYTES + len(data)


# --- the venue's REST answers ----------------------------------------------------------------------------


def _client() -> RestClient:
    settings = RestSettings(
        Endpoints("http://127.0.0.1:1", "ws://127.0.0.1:1", None), (SYMBOL,), Credentials("k" * 18, "s" * 36)
    )
    return RestFactory(settings, FixedClock(), lambda _: None).client()


_INTENT = OrderIntent("wb-x-1", SYMBOL, Side.BUY, Decimal("0.001"), Purpose.ENTRY, 1, 1)
CALLS: tuple[Callable[[RestClient], Any], ...] = (
    lambda c: c.market.server_time_ms(),
    lambda c: c.market.candles(SYMBOL, "15", None, None, 200),
    lambda c: c.market.candles(SYMBOL, "M", 1_700_000_000_000, 1_760_000_000_000, 50),
    lambda c: c.market.instruments((SYMBOL,)),
    lambda c: c.account.snapshot(),
    lambda c: c.account.order_by_link_id(SYMBOL, "wb-x-1"),
    lambda c: c.account.executions(SYMBOL, 1_759_000_000_000),
    lambda c: c.orders.submit(_INTENT),
    lambda c: c.orders.amend_stop(AmendStop(SYMBOL, 1, 0, Decimal(1), None, TriggerBy.LAST_PRICE)),
    lambda c: c.preflight.key(),
    lambda c: c.preflight.account(),
    lambda c: c.preflight.fee_rate(SYMBOL),
    lambda c: c.preflight.position_mode(SYMBOL),
)


def _number(word: str | bytes) -> int:
    return int(word) if len(word) < 9 and word.isdigit() and word.isascii() else len(word)


def run_rest(data: bytes) -> None:
    """First line `CALL STATUS`, then header lines, an empty line, and the body of every answer."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    words = (first + " 0 200").split()
    call = CALLS[_number(words[0]) % len(CALLS)]
    status = _number(words[1]) if len(words[1]) == 3 else 200
    headers = dict(line.split(":", 1) for line in lines if ":" in line)
    client = _client()

    def send(request: requests.PreparedRequest, **_: Any) -> requests.Response:
        raw = urllib3.HTTPResponse(io.BytesIO(body), headers, status, preload_content=False, reason="R")
        answer = requests.adapters.HTTPAdapter().build_response(request, raw)
        answer.reason = "R"
        return answer

    with mock.patch.object(client.session.client, "send", send):
        try:
            _sane(call(client))
        except WhalebotError as refusal:
            _names(refusal, None, 2000)
        # A second request after the answer: what its headers did to the limits must not break the client.
        with contextlib.suppress(WhalebotError):
            client.market.server_time_ms()


# --- files of the owner --------------------------------------------------------------------------------


def run_config(data: bytes) -> None:
    """Read and check a configuration file."""
    with _folder() as folder:
        path = folder / "config.json"
        path.write_bytes(data)
        try:
            load(path, Environment({"TOKEN": "t" * 20}))
        except ConfigError as refusal:
            _names(refusal, path, 200_000)


def run_env(data: bytes) -> None:
    """Read a .env file."""
    with _folder() as folder:
        path = folder / ".env"
        path.write_bytes(data)
        try:
            list(read_environment(path, {}).secrets())
        except ConfigError as refusal:
            _names(refusal, path)


def run_ohlcv(suffix: str, data: bytes) -> None:
    """Read a file of bars."""
    with _folder() as folder:
        path = folder / f"BTCUSDT-15m{suffix}"
        path.write_bytes(gzip.compress(data, 1) if suffix == ".csv.gz" and data[:2] != b"\x1f\x8b" else data)
        try:
            bars = read_bars("BTCUSDT", path)
        except ConfigError as refusal:
            _names(refusal, path)
        else:
            assert len(bars) >= 2


def run_funding(data: bytes) -> None:
    """Read a file of funding rates."""
    with _folder() as folder:
        path = folder / "funding.csv"
        path.write_bytes(data)
        try:
            read_funding(path)
        except ConfigError as refusal:
            _names(refusal, path)


# --- files of the daemon -------------------------------------------------------------------------------


def run_state(data: bytes) -> None:
    """Load a state document; whatever it was, it is still on the disk afterwards."""
    with _folder() as folder:
        path = folder / "demo.json"
        path.write_bytes(data)
        with contextlib.suppress(ConfigError):
            StateFile(path, UnsyncedFiles()).load()
        assert any(found.read_bytes() == data for found in folder.iterdir())


def run_history(data: bytes) -> None:
    """Open a trade history; nothing is lost, what remains is a JSON array."""
    with _folder() as folder:
        path = folder / "trade_history.json"
        path.write_bytes(data)
        history = TradeHistory.open(path, write_ahead=folder / "wal", files=UnsyncedFiles())
        kept = history.load()
        assert isinstance(json.loads(path.read_bytes()), list)
        again = TradeHistory.open(path, write_ahead=folder / "wal", files=UnsyncedFiles())
        assert list(again.load()) == list(kept)
        if data.strip():
            whole = any(found.read_bytes() == data for found in folder.iterdir())
            assert whole or data.rstrip() == path.read_bytes().rstrip()


def run_write_ahead(data: bytes) -> None:
    """Open a good history beside a hostile write-ahead file."""
    with _folder() as folder:
        path, line = folder / "trade_history.json", folder / "wal"
        path.write_bytes(seeds.histories()[0])
        line.write_bytes(data)
        before = len(json.loads(path.read_bytes()))
        history = TradeHistory.open(path, write_ahead=line, files=UnsyncedFiles())
        assert before <= len(history.load()) <= before + 1
        json.loads(path.read_bytes())


def run_audit(data: bytes) -> None:
    """Go on with a trail, whatever the last run left; what was not taken over is kept aside."""
    with _folder() as folder:
        trail = folder / "audit.jsonl"
        trail.write_bytes(data)
        context = Context("1.2.3", "demo", "0123456789abcdef")
        writer = AuditWriter(trail, UnsyncedFiles())
        writer.write([Entry("2026-01-02T03:04:05.678+00:00", context, "last", "fuzz", {})])
        writer.close()
        (last,) = last_records(UnsyncedFiles(), trail, 1)
        assert last.kind == "last"
        # A trail without its head is broken; an empty one is new.
        assert (verify(UnsyncedFiles(), trail).found is None) == (not data)
        torn = b"".join(path.read_bytes() for path in folder.glob("*.torn-*"))
        assert data.endswith(torn)
        assert trail.read_bytes().startswith(data[: len(data) - len(torn)])


def run_transactions(data: bytes) -> None:
    """Read a file of spot transactions and count them."""
    with _folder() as folder:
        path = folder / "spot.csv"
        path.write_bytes(data)
        try:
            keep_books(read_transactions(path), Rates("EUR", _CALENDAR), Method.HIFO, 1 << 60)
        except ConfigError as refusal:
            _names(refusal, None)


def run_rates(data: bytes) -> None:
    """Read a file of rates."""
    with _folder() as folder:
        path = folder / "rates.csv"
        path.write_bytes(data)
        try:
            read_rates(path, "EUR", _CALENDAR)
        except ConfigError as refusal:
            _names(refusal, path)


def run_exchange_state(data: bytes) -> None:
    """Start the local exchange from a saved state; whatever cannot be used is kept."""
    with _folder() as folder:
        (folder / "exchange.json").write_bytes(data)
        options = ExchangeOptions(state=folder, data=("made-up",), from_ms=seeds.BAR_MS)
        try:
            parts, notices = build_parts(options, (seeds.track(),))
        except ConfigError:
            assert (folder / "exchange.json").read_bytes() == data
            return
        document = {"version": 1, "core": parts.core.export_state(), "market": parts.market.export_state()}
        StateStore(folder).save(document)
        StateStore(folder).save(document)
        assert StateStore(folder).load().document == document
        kept = [found.read_bytes() for found in folder.iterdir()]
        assert data in kept or notices == ["going on from the saved state"], notices


# --- sockets of the daemon and of the exchange ---------------------------------------------------------


def run_control(data: bytes) -> None:
    """A request to the daemon and an answer from it."""
    with contextlib.suppress(BadRequest):
        assert parse_request(data) in ("status", "pause", "resume", "flatten", "panic")
    with contextlib.suppress(WhalebotError):
        _checked(Path("control.sock"), data)


class _Transport(asyncio.Transport):
    def is_closing(self) -> bool:
        return False

    def write(self, data: Any) -> None:
        """Nobody listens."""

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        """Nobody listens."""


@contextlib.contextmanager
def _exchange() -> Iterator[ExchangeServer]:
    options = ExchangeOptions(data=("made-up",), from_ms=seeds.BAR_MS, rate_limits=False, check=True)
    parts, _ = build_parts(options, (seeds.track(),))
    yield ExchangeServer(options, parts, ExchangeClock())


def run_exchange_rest(data: bytes) -> None:
    """First line the number of a route; what follows is its query or its body, signed."""
    number, _, payload = data.partition(b"\n")
    route = ROUTES[_number(number) % len(ROUTES)]
    with _exchange() as server:
        now = str(server._clock.now_ms())
        query = payload.decode("latin-1") if route.method == "GET" else ""
        body = b"" if route.method == "GET" else payload
        signed = f"{now}local-key5000".encode() + (query.encode() if route.method == "GET" else body)
        headers = {
            "X-BAPI-API-KEY": "local-key",
            "X-BAPI-TIMESTAMP": now,
            "X-BAPI-RECV-WINDOW": "5000",
            "X-BAPI-SIGN": server._keys.find("local-key").sign(signed),
        }
        for _ in range(2):
            answer = server._rest._answer(route, query, body, headers)
            assert isinstance(answer.body, bytes)
            json.loads(answer.body)


def run_exchange_socket(data: bytes) -> None:
    """The same message to each of the three sockets, before and after an auth."""

    async def talk() -> None:
        with _exchange() as server:
            for channel, session in _sessions(server).items():
                connection = Connection(_Transport(), channel, 0.0)
                server._hub.join(connection)
                await server._sockets._handle(connection, session, data)
                connection.key = server._keys.find("local-key")
                await server._sockets._handle(connection, session, data)

    with mock.patch.object(public_session, "ACK_DELAY_S", 0):
        asyncio.run(talk())


def _sessions(server: ExchangeServer) -> dict[Channel, Any]:
    found: dict[Channel, Any] = {}
    with (
        mock.patch.object(
            ExchangeServer, "_socket_handler", lambda _, channel, session: found.setdefault(channel, session)
        ),
        mock.patch("aiohttp.web.UrlDispatcher.add_get"),
    ):
        server._app()
    return found


def run_exchange_faults(data: bytes) -> None:
    """An order for faults."""
    from whalebot.adapters.exchange.server.refusal import Refused

    with _exchange() as server, contextlib.suppress(Refused):
        server._faults.load(data)


TARGETS: dict[str, Target] = {
    "public_frames": Target(seeds.public_frames, lambda d: run_frame(seeds.PUBLIC_TOPICS, d)),
    "private_frames": Target(seeds.private_frames, lambda d: run_frame(seeds.PRIVATE_TOPICS, d)),
    "engine": Target(fuzz_engine.examples, fuzz_engine.run_engine),
    "websocket": Target(seeds.websocket_bytes, run_websocket),
    "rest_answers": Target(seeds.rest_answers, run_rest),
    "config": Target(seeds.configs, run_config),
    "env": Target(seeds.env_files, run_env),
    "ohlcv_csv": Target(seeds.bar_files, lambda d: run_ohlcv(".csv", d)),
    "ohlcv_gzip": Target(seeds.packed_bar_files, lambda d: run_ohlcv(".csv.gz", d)),
    "ohlcv_parquet": Target(seeds.parquet_files, lambda d: run_ohlcv(".parquet", d)),
    "funding": Target(seeds.funding_files, run_funding),
    "state_file": Target(seeds.states, run_state),
    "history": Target(seeds.histories, run_history),
    "write_ahead": Target(seeds.write_ahead_lines, run_write_ahead),
    "audit": Target(seeds.audit_trails, run_audit),
    "spot_transactions": Target(seeds.spot_transactions, run_transactions),
    "currency_rates": Target(seeds.currency_rates, run_rates),
    "exchange_state": Target(seeds.exchange_states, run_exchange_state),
    "control": Target(seeds.control_lines, run_control),
    "exchange_rest": Target(seeds.exchange_requests, run_exchange_rest),
    "exchange_socket": Target(seeds.exchange_messages, run_exchange_socket),
    "exchange_faults": Target(seeds.exchange_faults, run_exchange_faults),
}
"""Name -> reader; the names are also those of the folders in `corpus`."""

logging.getLogger("whalebot").addHandler(logging.NullHandler())
