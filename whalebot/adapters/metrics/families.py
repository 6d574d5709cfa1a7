"""Every metric family: its name, its help, its labels, and where in the snapshot it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    UntypedMetricFamily,
)

from whalebot.adapters.metrics.positions import position_families
from whalebot.adapters.metrics.snapshot import MetricsSnapshot
from whalebot.domain.tally import Histogram, Tallied
from whalebot.domain.view import View

PREFIX: Final = "whalebot_"


def of(snapshot: MetricsSnapshot) -> Iterator[Metric]:
    """Yield every family. What is not known yet has no sample, so that nothing is ever shown as zero."""
    yield from _build(snapshot)
    if snapshot.view is not None:
        yield from _account(snapshot.view)
        yield from _guardrails(snapshot.view, snapshot.now_ms)
        yield from position_families(snapshot.view)
    yield from _orders(snapshot.tallied)
    yield from _trades(snapshot.tallied)
    yield from _streams(snapshot)
    yield from _loop(snapshot)
    yield from _process(snapshot)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, text, value=value)


def _optional(name: str, text: str, value: float | None) -> Iterator[Metric]:
    if value is not None:
        yield _gauge(name, text, value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(PREFIX + name, text, value=value)


def _counters(name: str, text: str, label: str, pairs: Iterable[tuple[str, float]]) -> Metric:
    family = CounterMetricFamily(PREFIX + name, text, labels=[label])
    for key, value in pairs:
        family.add_metric([key], value)
    return family


def _histogram(family: HistogramMetricFamily, labels: Sequence[str], counted: Histogram) -> None:
    below, buckets = 0, []
    for edge, count in zip((*counted.edges, None), counted.counts, strict=True):
        below += count
        buckets.append(("+Inf" if edge is None else repr(float(edge)), float(below)))
    family.add_metric(labels, buckets, counted.total)


def _one_histogram(name: str, text: str, counted: Histogram) -> Metric:
    family = HistogramMetricFamily(PREFIX + name, text)
    _histogram(family, (), counted)
    return family


def _build(snapshot: MetricsSnapshot) -> Iterator[Metric]:
    build = snapshot.build
    info = GaugeMetricFamily(
        f"{PREFIX}build_info", "What runs; always 1.", labels=["version", "mode", "python"]
    )
    info.add_metric([build.version, build.mode, build.python], 1)
    yield info


def _account(view: View) -> Iterator[Metric]:
    yield from _optional("equity", "Equity in USDT, open positions included.", _number(view.equity))
    yield from _optional("wallet_balance", "Wallet balance in USDT.", _number(view.wallet_balance))
    yield from _optional(
        "day_pnl", "Result of this UTC day in USDT, open positions included.", _number(view.day_pnl)
    )
    # Not a counter, since it falls with every loss; its name is what dashboards expect.
    yield UntypedMetricFamily(
        f"{PREFIX}pnl_total",
        "Net result in USDT of the trades closed since the start; rises and falls.",
        value=float(view.session_pnl),
    )
    yield _gauge("drawdown", "Present drawdown as a fraction of the highest equity.", view.drawdown)
    yield from _optional(
        "books_difference",
        "The venue's log of the last compared day less our own result, in USDT.",
        _number(view.books_difference),
    )


def _guardrails(view: View, now_ms: int) -> Iterator[Metric]:
    yield _gauge("tradable", "1 where entries are possible for at least one symbol.", float(view.tradable))
    paused = GaugeMetricFamily(f"{PREFIX}paused", "1 while entries are paused, by whom.", labels=["by"])
    paused.add_metric(["owner"], float(view.manual_pause))
    paused.add_metric(["guardrail"], float(view.paused_until_ms is not None))
    yield paused
    yield _gauge("consecutive_losses", "Losing trades in a row.", view.consecutive_losses)
    yield _counter("entries", "Entries sent since the start.", view.entries)
    yield _counters(
        "rejections",
        "Signals that did not become an entry, by the check that refused them.",
        "check",
        view.refusals,
    )
    if view.clock_offset_ms is not None:
        yield _gauge("clock_offset_seconds", "Venue's clock less ours.", view.clock_offset_ms / 1000)
    if view.reconciled_ms is not None:
        age_s = max(0, now_ms - view.reconciled_ms) / 1000
        yield _gauge("reconciled_age_seconds", "Time since the account was compared with the venue.", age_s)


def _orders(tallied: Tallied) -> Iterator[Metric]:
    yield _counters("orders", "Orders by what became of them.", "result", tallied.orders)
    yield _one_histogram(
        "order_latency_seconds",
        "From the decision to the venue's acknowledgement, the write to disk included.",
        tallied.order_latency,
    )
    slippage = HistogramMetricFamily(
        f"{PREFIX}slippage_bps",
        "Fills against the last price at the decision, in basis points; at that price or better counts as 0.",
        labels=["purpose"],
    )
    for one in tallied.slippage:
        _histogram(slippage, [one.purpose], one.adverse)
    yield slippage
    yield _counters(
        "price_improvement_bps",
        "Sum of basis points by which fills were better than the last price at the decision.",
        "purpose",
        [(one.purpose, one.improvement_bps) for one in tallied.slippage],
    )
    unprotected = CounterMetricFamily(
        f"{PREFIX}unprotected_position_seconds",
        "Time positions were seen without a stop at the venue, added up.",
        labels=["owner"],
    )
    unprotected.add_metric(["own"], tallied.unprotected_s)
    unprotected.add_metric(["foreign"], tallied.foreign_unprotected_s)
    yield unprotected


def _trades(tallied: Tallied) -> Iterator[Metric]:
    trades = CounterMetricFamily(
        f"{PREFIX}trades",
        "Trades closed since the start, by symbol and reason.",
        labels=["symbol", "closed_by"],
    )
    for (symbol, closed_by), count in tallied.trades:
        trades.add_metric([symbol, closed_by], count)
    yield trades
    for name, text in (
        ("pnl", "Net result of the trades closed since the start, in USDT."),
        ("fees", "Fees of the trades closed since the start, in USDT; above zero is paid."),
        ("funding", "Funding of the trades closed since the start, in USDT; above zero is paid."),
    ):
        family = GaugeMetricFamily(f"{PREFIX}symbol_{name}", text, labels=["symbol"])
        for result in tallied.results:
            family.add_metric([result.symbol], float(getattr(result, name)))
        yield family


def _streams(snapshot: MetricsSnapshot) -> Iterator[Metric]:
    connected = GaugeMetricFamily(
        f"{PREFIX}ws_connected", "1 while a stream is connected and subscribed.", labels=["stream"]
    )
    age = GaugeMetricFamily(
        f"{PREFIX}ws_last_message_age_seconds", "Time since the last message of a stream.", labels=["stream"]
    )
    for stream in snapshot.streams:
        connected.add_metric([stream.name], float(stream.connected))
        if stream.last_message_age_s is not None:
            age.add_metric([stream.name], stream.last_message_age_s)
    yield connected
    yield age
    for name, text, field in (
        ("ws_messages", "Messages received.", "messages"),
        ("ws_reconnects", "Times a stream was lost.", "reconnects"),
        ("ws_refused_frames", "Messages that could not be read.", "refused_frames"),
    ):
        yield _counters(name, text, "stream", [(s.name, getattr(s, field)) for s in snapshot.streams])
    yield _counters(
        "api_errors", "Answers of the venue other than success, by code.", "code", snapshot.api_errors
    )
    yield _one_histogram(
        "bar_delay_seconds",
        "From the end of a bar to its arrival, by the venue's clock.",
        snapshot.tallied.bar_delay,
    )


def _loop(snapshot: MetricsSnapshot) -> Iterator[Metric]:
    loop, tallied = snapshot.loop, snapshot.tallied
    yield _one_histogram("loop_seconds", "Time the main loop took for an event.", loop.seconds)
    yield _counter("loop_slow", "Events that took the main loop longer than 50 ms.", loop.slow)
    yield _gauge("loop_beat_age_seconds", "Time since the main loop last made a picture.", loop.beat_age_s)
    yield _counters("events", "Events the main loop took, by kind.", "kind", tallied.events)
    signals = CounterMetricFamily(
        f"{PREFIX}signals", "Analysed bars by the signal that held after them.", labels=["strategy", "action"]
    )
    for action, count in tallied.signals:
        signals.add_metric([snapshot.build.strategy, action], count)
    yield signals
    yield _counters("alerts", "What the engine had to tell its owner, by kind.", "kind", tallied.alerts)
    yield _counters(
        "alert_messages", "Messages to people, by what became of them.", "result", snapshot.deliveries
    )
    depth = GaugeMetricFamily(f"{PREFIX}queue_depth", "What waits, by queue.", labels=["queue"])
    for name, count in snapshot.queues:
        depth.add_metric([name], count)
    yield depth
    yield from _optional(
        "lease_valid_seconds",
        "For how long orders may leave by the lease on the account; 0: none may.",
        snapshot.lease_s,
    )
    yield _counters("lost", "What was dropped, by kind; 0 is right.", "what", snapshot.losses)


def _process(snapshot: MetricsSnapshot) -> Iterator[Metric]:
    process = snapshot.process
    yield GaugeMetricFamily(
        "process_start_time_seconds", "Start of the process, Unix time.", value=process.started_s
    )
    yield CounterMetricFamily("process_cpu_seconds", "Processor time of the process.", value=process.cpu_s)
    yield GaugeMetricFamily("process_threads", "Threads of the process.", value=process.threads)
    if process.resident_bytes is not None:
        yield GaugeMetricFamily(
            "process_resident_memory_bytes", "Resident memory.", value=process.resident_bytes
        )
    if process.open_files is not None:
        yield GaugeMetricFamily("process_open_fds", "Open file descriptors.", value=process.open_files)


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
