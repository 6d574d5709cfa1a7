"""Cost of a stream frame, from the wire to the applied typed event, beside pybit's handler and plain json.

    python -m benchmarks.bench_frames [--frames 40000] [--depth 50] [--paced 3000] [--seed 7]

In process: every frame is handed over as bytes. Over a socket: a second process sends the frames through a
loopback websocket, as fast as they are taken (CPU time of the receiving process per frame), then at 1,000 a
second (latency from the sender's write to the applied event). The book at the end is compared with the true
one. Figures are microseconds; run it on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
import random
import socket
import threading
import time
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1
from statistics import median
from typing import Any

from benchmarks.figures import Figure
from benchmarks.synthetic_frames import SYMBOL, TrueBook, make_frames, topics
from whalebot.adapters.bybit.auth import VenueClock
from whalebot.adapters.bybit.connection import Link, StreamConnection
from whalebot.adapters.bybit.counters import StreamCounters
from whalebot.adapters.bybit.decode import FrameDecoder
from whalebot.adapters.bybit.silence import StreamTimings
from whalebot.domain.events import BookDelta, BookSnapshot, Event
from whalebot.engine.book import OrderBook

Levels = tuple[list[tuple[float, float]], list[tuple[float, float]]]
PACE_S = 0.001
PASSES = 3


class WallClock:
    """Local time."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


# --- the three clients ------------------------------------------------------------------------------------


class Whalebot:
    """Typed decoding and the engine's order book."""

    name = "whalebot"

    def __init__(self, depth: int) -> None:
        self.topics = topics(depth)
        self.decoder = FrameDecoder(self.topics, StreamCounters("bench"))
        self.book = OrderBook(depth)

    def handle(self, frame: bytes) -> None:
        for event in self.decoder.decode(frame, 1):  # type: ignore[union-attr]
            self.apply(event)

    def apply(self, event: Event) -> None:
        if type(event) is BookDelta:
            self.book.apply_delta(event)
        elif type(event) is BookSnapshot:
            self.book.apply_snapshot(event)

    def levels(self) -> Levels | None:
        return self.book.levels()


class Pybit:
    """pybit's own message handler, as its websocket thread calls it."""

    name = "pybit"

    def __init__(self, depth: int) -> None:
        from pybit._websocket_stream import _V5WebSocketManager

        self.topics = topics(depth)
        self.manager = _V5WebSocketManager("bench", testnet=False)
        for topic in self.topics:
            self.manager._set_callback(topic, self.ignore)

    def ignore(self, _message: dict[str, Any]) -> None:
        pass

    def handle(self, frame: bytes) -> None:
        self.manager._on_message(frame.decode())

    def levels(self) -> Levels | None:
        return _sorted_levels(self.manager.data[self.topics[0]])


class PlainJson:
    """json and a dict per side: no types, no checks, no order."""

    name = "json+dict"

    def __init__(self, depth: int) -> None:
        self.topics = topics(depth)
        self.sides: dict[str, dict[str, str]] = {"b": {}, "a": {}}
        self.last: dict[str, Any] = defaultdict(dict)

    def handle(self, frame: bytes) -> None:
        message = json.loads(frame)
        data = message["data"]
        if not message["topic"].startswith("orderbook"):
            if isinstance(data, dict):
                self.last[message["topic"]].update(data)
            return
        for side in ("b", "a"):
            book = self.sides[side]
            if message["type"] == "snapshot":
                book.clear()
            for price, size in data[side]:
                if float(size) == 0:
                    book.pop(price, None)
                else:
                    book[price] = size

    def levels(self) -> Levels | None:
        return _sorted_levels({side: list(map(list, book.items())) for side, book in self.sides.items()})


def _sorted_levels(data: dict[str, list[list[str]]]) -> Levels:
    bids = sorted(((float(p), float(s)) for p, s in data["b"]), reverse=True)
    return bids, sorted((float(p), float(s)) for p, s in data["a"])


CLIENTS: tuple[Callable[[int], Any], ...] = (Whalebot, PlainJson, Pybit)


# --- in process -------------------------------------------------------------------------------------------


KINDS = ("book", "trades", "ticker", "kline")


@dataclass(frozen=True, slots=True)
class InProcess:
    """Cost of a client in us a frame: medians by kind, CPU of the mix, and quantiles of the wall clock."""

    kinds: dict[str, float]
    mix: float
    p50: float
    p99: float
    book: str


def measure_in_process(frames: list[tuple[str, bytes]], truth: TrueBook) -> dict[str, InProcess]:
    """Return the cost by client: the best of several passes, for disturbance only makes one slower."""
    found: dict[str, InProcess] = {}
    for make in CLIENTS:
        passes = []
        for _ in range(PASSES):
            client = make(truth.depth)
            passes.append(_run_in_process(client, frames, truth))
        found[client.name] = min(passes, key=lambda run: run.mix)
    return found


def _run_in_process(client: Any, frames: list[tuple[str, bytes]], truth: TrueBook) -> InProcess:
    costs: list[int] = []
    by_kind: dict[str, list[int]] = defaultdict(list)
    now, handle = time.perf_counter_ns, client.handle
    started = time.thread_time_ns()
    for kind, frame in frames:
        before = now()
        handle(frame)
        cost = now() - before
        costs.append(cost)
        by_kind[kind].append(cost)
    mean = (time.thread_time_ns() - started) / len(frames) / 1000
    costs.sort()
    kinds = {kind: median(by_kind[kind]) / 1000 for kind in KINDS}
    p50, p99 = costs[len(costs) // 2] / 1000, costs[len(costs) * 99 // 100] / 1000
    return InProcess(kinds, mean, p50, p99, _verdict(client.levels(), truth))


def print_in_process(found: dict[str, InProcess]) -> None:
    """Print cost by kind and of the mix."""
    print("\nin process, us a frame (medians by kind, CPU of the mix)")
    print(f"{'':12}{'book':>9}{'trades':>9}{'ticker':>9}{'kline':>9}{'mix':>9}{'p50':>9}{'p99':>9}  book")
    for name, run in found.items():
        shown = [*run.kinds.values(), run.mix, run.p50, run.p99]
        print(f"{name:12}{''.join(f'{value:9.2f}' for value in shown)}  {run.book}")
    _print_ratios({name: run.mix for name, run in found.items()})


def _verdict(levels: Levels | None, truth: TrueBook) -> str:
    return "right" if levels == truth.as_floats() else "WRONG"


def _print_ratios(means: dict[str, float]) -> None:
    ours = means[Whalebot.name]
    print("ratios: " + ", ".join(f"{name} / whalebot {mean / ours:.1f}" for name, mean in means.items()))


# --- over a socket ----------------------------------------------------------------------------------------


def serve(pipe: Any, count: int, seed: int, depth: int, pace_s: float) -> None:
    """Accept one client, answer its subscriptions, send the frames; report the send times (monotonic ns)."""
    payloads = [frame for _, frame in make_frames(count, seed, depth)[0]]
    listener = socket.create_server(("127.0.0.1", 0))
    pipe.send(listener.getsockname()[1])
    sock, _ = listener.accept()
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _shake_hands(sock)
    pipe.recv()  # the client is subscribed and ready
    times: list[int] = []
    due_s = time.perf_counter()
    for payload in payloads:
        if pace_s:
            due_s += pace_s
            while time.perf_counter() < due_s:
                time.sleep(max(due_s - time.perf_counter() - 0.0001, 0.0))
        times.append(time.perf_counter_ns())
        sock.sendall(_wrap(payload))
    pipe.send(times)
    pipe.recv()
    sock.close()


def _shake_hands(sock: socket.socket) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(4096)
    key = next(
        x.split(b":")[1].strip() for x in head.split(b"\r\n") if x.lower().startswith(b"sec-websocket-key")
    )
    accept = b64encode(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    sock.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    threading.Thread(target=_answer, args=(sock,), daemon=True).start()


def _answer(sock: socket.socket) -> None:
    """Acknowledge the one subscription; what else the client says (pings) needs no answer here."""
    sock.recv(65536)
    sock.sendall(_wrap(b'{"success":true,"ret_msg":"","req_id":"s1","op":"subscribe"}'))
    while sock.recv(65536):
        pass


def _wrap(payload: bytes) -> bytes:
    if len(payload) < 126:
        return bytes([0x81, len(payload)]) + payload
    return bytes([0x81, 126]) + len(payload).to_bytes(2, "big") + payload


class Receiver:
    """Counts applied frames and notes when each was applied."""

    def __init__(self, client: Any, count: int) -> None:
        self.client = client
        self.count = count
        self.times: list[int] = []
        self.ready = threading.Event()
        self.done = threading.Event()

    def applied(self) -> None:
        self.times.append(time.perf_counter_ns())
        if len(self.times) == self.count:
            self.done.set()


class WhalebotSink:
    """The sink of a real `StreamConnection`: applies each event, as the loop would."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def put(self, event: Event) -> None:
        self._receiver.client.apply(event)
        self._receiver.applied()

    def wait_settled(self, timeout_s: float) -> bool:
        return True


def receive_whalebot(receiver: Receiver, url: str) -> Callable[[], None]:
    """Start the daemon's own connection; return its stop."""
    connection = StreamConnection(
        Link("bench", url, receiver.client.topics, None, 1.0),
        WhalebotSink(receiver),
        WallClock(),
        VenueClock(WallClock()),
        StreamTimings(),
        random.Random(1),
        lambda up, _reason: receiver.ready.set() if up else None,
    )
    thread = threading.Thread(target=connection.run, daemon=True)
    thread.start()

    def stop() -> None:
        connection.stop()
        thread.join()

    return stop


def receive_pybit(receiver: Receiver, url: str) -> Callable[[], None]:
    """Start pybit's connection with its own handler; return its stop."""
    manager = receiver.client.manager

    def callback(_message: dict[str, Any]) -> None:
        receiver.applied()

    asked = receiver.client.topics
    for topic in asked:
        manager.callback_directory[topic] = callback
    manager.subscriptions = {"s1": json.dumps({"op": "subscribe", "req_id": "s1", "args": asked})}
    manager._connect(url)
    receiver.ready.set()
    return lambda: manager.exit()


def receive_json(receiver: Receiver, url: str) -> Callable[[], None]:
    """Start a plain websocket-client loop over json.loads; return its stop."""
    import websocket

    ws = websocket.create_connection(url)
    ws.send(json.dumps({"op": "subscribe", "req_id": "s1", "args": receiver.client.topics}))
    ws.recv()
    receiver.ready.set()

    def loop() -> None:
        while len(receiver.times) < receiver.count:
            receiver.client.handle(ws.recv().encode())
            receiver.applied()

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()

    def stop() -> None:
        thread.join()
        ws.close()

    return stop


RECEIVERS = {"whalebot": receive_whalebot, "pybit": receive_pybit, "json+dict": receive_json}


def run_over_socket(
    make: Callable[[int], Any], options: argparse.Namespace, count: int, pace_s: float
) -> tuple[float, list[float], Any]:
    """Return CPU us a frame of this process, the sorted latencies in us, and the client."""
    ours, theirs = mp.Pipe()
    server = mp.get_context("spawn").Process(
        target=serve, args=(theirs, count, options.seed, options.depth, pace_s), daemon=True
    )
    server.start()
    url = f"ws://127.0.0.1:{ours.recv()}/v5/public/linear"
    receiver = Receiver(make(options.depth), count)
    stop = RECEIVERS[receiver.client.name](receiver, url)
    receiver.ready.wait(10)
    started = time.process_time_ns()
    ours.send("go")
    sent = ours.recv()
    if not receiver.done.wait(120):
        raise SystemExit(f"{receiver.client.name}: only {len(receiver.times)} of {count} frames arrived")
    cpu_us = (time.process_time_ns() - started) / count / 1000
    stop()
    ours.send("bye")
    server.join(5)
    latencies = sorted((got - put) / 1000 for put, got in zip(sent, receiver.times, strict=True))
    return cpu_us, latencies, receiver.client


@dataclass(frozen=True, slots=True)
class OverSocket:
    """A client over loopback: CPU us a frame flat out and at 1,000/s, latency in us at 1,000/s."""

    cpu: float
    p50: float
    p99: float
    paced_cpu: float
    book: str


def measure_over_socket(options: argparse.Namespace) -> dict[str, OverSocket]:
    """Return CPU per frame flat out, and latency at 1,000 frames a second, by client."""
    count, paced = options.frames, options.paced
    truth = make_frames(count, options.seed, options.depth)[1]
    found: dict[str, OverSocket] = {}
    for make in CLIENTS:
        flat_out = [run_over_socket(make, options, count, 0.0) for _ in range(PASSES)]
        cpu_us, _, client = min(flat_out, key=lambda run: run[0])
        paced_us, latencies, _ = run_over_socket(make, options, paced, PACE_S)
        p50, p99 = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
        found[client.name] = OverSocket(cpu_us, p50, p99, paced_us, _verdict(client.levels(), truth))
    return found


def print_over_socket(found: dict[str, OverSocket], options: argparse.Namespace) -> None:
    """Print the table."""
    print(
        f"\nloopback socket: {options.frames:,} frames flat out (CPU us a frame), "
        f"{options.paced:,} at 1,000/s (latency us)"
    )
    print(f"{'':12}{'CPU':>9}{'p50':>9}{'p99':>9}{'CPU 1k/s':>10}  book")
    for name, run in found.items():
        print(f"{name:12}{run.cpu:9.2f}{run.p50:9.1f}{run.p99:9.1f}{run.paced_cpu:10.2f}  {run.book}")
    _print_ratios({name: run.cpu for name, run in found.items()})


# --- figures ----------------------------------------------------------------------------------------------


def figures() -> list[Figure]:
    """Measure with fewer frames than alone; ratios are against pybit's own handler, then plain json."""
    options = argparse.Namespace(frames=20_000, paced=2_000, seed=7, depth=50)
    frames, truth = make_frames(options.frames, options.seed, options.depth)
    inside, socket_ = measure_in_process(frames, truth), measure_over_socket(options)
    ours, pybit, plain = (inside[name] for name in ("whalebot", "pybit", "json+dict"))
    group = "frame -> applied event, in process"
    found = [
        Figure(group, f"{kind} frame, median", ours.kinds[kind], "us", None, "pybit", pybit.kinds[kind])
        for kind in KINDS
    ]
    found += [
        Figure(group, "mix 60/20/15/5, CPU", ours.mix, "us", 12.0, "pybit", pybit.mix),
        Figure(group, "mix, beside plain json (unchecked dicts)", ours.mix, "us", None, "json", plain.mix),
        Figure(group, "mix, p99", ours.p99, "us", None, "pybit", pybit.p99),
    ]
    group = "frame -> applied event, loopback socket"
    here, there, bare = (socket_[name] for name in ("whalebot", "pybit", "json+dict"))
    found += [
        Figure(group, "flat out, CPU a frame", here.cpu, "us", 60.0, "pybit", there.cpu),
        Figure(group, "flat out, beside plain json", here.cpu, "us", None, "json", bare.cpu),
        Figure(group, "at 1,000 frames/s, latency p50", here.p50, "us", there.p50 / 4, "pybit", there.p50),
        Figure(group, "at 1,000 frames/s, latency p99", here.p99, "us", None, "pybit", there.p99),
    ]
    books = {"whalebot": (ours, here), "pybit": (pybit, there), "json": (plain, bare)}
    group = "order book at the end (0 right, 1 wrong)"
    for name, runs in books.items():
        goal = 0.0 if name == "whalebot" else None
        found.append(Figure(group, name, float(any(run.book != "right" for run in runs)), "", goal))
    return found


def main() -> None:
    """Run both measurements."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=40_000)
    parser.add_argument("--paced", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--depth", type=int, default=50)
    options = parser.parse_args()
    frames, truth = make_frames(options.frames, options.seed, options.depth)
    size = sum(len(frame) for _, frame in frames) / len(frames)
    print(f"{SYMBOL}, book of {options.depth}, {size:.0f} bytes a frame on average")
    print_in_process(measure_in_process(frames, truth))
    print_over_socket(measure_over_socket(options), options)


if __name__ == "__main__":
    main()
