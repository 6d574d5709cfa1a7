"""A live scan: streams, the loop, and what is shown and kept of it until the user ends it."""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from whalebot import __version__
from whalebot.adapters.logs.system import wants_colour
from whalebot.app.exits import CLEAN
from whalebot.app.scanning.arguments import ScanArguments
from whalebot.app.scanning.config import ScanConfig
from whalebot.app.scanning.output import emit, print_rows, print_signal
from whalebot.app.scanning.run import Scan, open_scan, warn_of_clock
from whalebot.decisions.scan.evaluation import Direction
from whalebot.scanner.asking import Asking
from whalebot.scanner.lane import Phase
from whalebot.scanner.live import EVERY_S, LiveTable
from whalebot.scanner.loop import Pace, ScanLoop
from whalebot.scanner.membership import members
from whalebot.scanner.options import ScannerOptions
from whalebot.scanner.outputs import alert_line
from whalebot.scanner.screen import RECENT, LiveFrame, ScreenState
from whalebot.scanner.sink import ScanSink
from whalebot.scanner.streams import ScanStreams
from whalebot.scanner.tables import no_signal_line
from whalebot.scanner.universe import load_universe, split_names
from whalebot.scanner.view import columns_of, rows_of

_log = logging.getLogger("whalebot.scanner")
_STATE_S: Final = 5.0
_PHASES: Final = (("live", "live"), ("warming", "warming up"), ("stale", "stale"), ("failed", "failed"))


def run_live(args: ScanArguments, config: ScanConfig, options: ScannerOptions) -> int:
    """Scan until Ctrl-C, q or SIGTERM. Raises what the venue raises while nothing is loaded."""
    if args.format is None:
        form = "live" if sys.stdout.isatty() and sys.stdin.isatty() else "table"
        args = replace(args, format=form)
    with open_scan(args, config, options) as scan, _ended_by_signals():
        try:
            loop = _make_loop(scan)
            reporter = Reporter(scan, loop)
            try:
                warn_of_clock(scan)
                loop.start()
                reporter.start()
                loop.run(reporter)
            except KeyboardInterrupt:
                pass
            finally:
                reporter.stop()
                loop.streams.close()
        finally:
            scan.logs.last_line = "stopped by user"
    return CLEAN


def _make_loop(scan: Scan) -> ScanLoop:
    sink = ScanSink()
    options = scan.options
    streams = ScanStreams(
        scan.endpoints, sink, scan.clock, random.Random(), options.retry_delay, scan.time_scale
    )
    depth = next((card.quote.levels for card in scan.desk.cards.values()), 0)
    is_all = scan.args.all or (scan.args.demo and not scan.args.words)

    def universe(asking: Asking) -> Any:
        from whalebot.scanner.once import fetch_tickers

        cache = scan.args.paths.state / "instruments.json"
        listed = load_universe(asking, cache, scan.endpoints.rest_url, scan.clock.now_ms(), True)
        tickers = fetch_tickers(asking)
        return listed, {name: ticker.turnover_24h or 0.0 for name, ticker in tickers.items()}

    exclude = split_names([scan.args.exclude or ""])
    return ScanLoop(
        scan.desk,
        sink,
        streams,
        scan.asking,
        depth,
        Pace(retry_s=options.retry_delay),
        universe,
        (lambda listed, turnover: members(listed, turnover, options, scan.clock.now_ms(), exclude))
        if is_all
        else None,
    )


class Reporter:
    """Hands on what the desk has new: to files, alerts, logs and the screen. On the loop's thread."""

    def __init__(self, scan: Scan, loop: ScanLoop) -> None:
        self._scan = scan
        self._loop = loop
        self._started_s = time.monotonic()
        self._next_frame_s = 0.0
        self._next_table_s = self._started_s + scan.options.scan.output_throttle_seconds
        self._is_table_shown = False
        self._next_state_s = self._started_s + _STATE_S
        self._recent: deque[str] = deque(maxlen=RECENT)
        self._received = (self._started_s, 0)
        self._rate = 0.0
        self._saved_at = 0
        self._table: LiveTable | None = None
        if scan.args.format == "live":
            colour = wants_colour(sys.stdout, os.environ)
            self._table = LiveTable(sys.stdout, ScreenState(scan.query), loop.stop, colour)

    def start(self) -> None:
        """Begin to show."""
        if self._table is not None:
            self._scan.console.is_held = True
            self._table.start()

    def stop(self) -> None:
        """Write the state and give the terminal back."""
        if self._table is not None:
            self._table.stop()
            self._scan.console.is_held = False
        self._scan.writer.save_state(self._scan.desk.announcer.to_dict())
        self._scan.publisher.publish(self._scan.desk, is_over=True)

    def after_round(self, loop: ScanLoop) -> None:
        """Hand on what is new."""
        self._announce()
        self._log_snapshots()
        if self._scan.alerts is not None:
            self._scan.alerts.tick()
        now_s = time.monotonic()
        if now_s >= self._next_state_s:
            self._next_state_s = now_s + _STATE_S
            count = self._scan.desk.counts.evaluations
            if count != self._saved_at:
                self._saved_at = count
                self._scan.writer.save_state(self._scan.desk.announcer.to_dict())
        self._scan.publisher.tick(self._scan.desk)
        if self._table is not None and now_s >= self._next_frame_s:
            self._next_frame_s = now_s + EVERY_S
            self._table.show(self._frame(now_s))
        if self._scan.args.format == "table" and self._is_table_due(now_s):
            print_rows(self._scan)

    def _is_table_due(self, now_s: float) -> bool:
        cards = self._scan.desk.cards.values()
        is_first = not self._is_table_shown and all(card.phase is not Phase.WAITING for card in cards)
        if now_s < self._next_table_s and not is_first:
            return False
        self._is_table_shown = True
        self._next_table_s = now_s + max(self._scan.options.scan.output_throttle_seconds, 1.0)
        return True

    def _announce(self) -> None:
        if not self._scan.desk.outbox.announcements:
            return
        announcements, self._scan.desk.outbox.announcements = self._scan.desk.outbox.announcements, []
        for announcement in announcements:
            record = emit(self._scan, announcement, __version__)
            if record is None:
                continue
            self._recent.append(alert_line(record))
            text = f"{record.event} {record.signal_type} signal, score {record.score:.2f}"
            self._scan.logs.of(record.symbol).info("%s", text)
            alerts_on = self._table is None or self._table.alerts_on
            if self._scan.alerts is not None and alerts_on:
                self._scan.alerts.offer(record)
            if self._scan.args.format in ("table", "jsonl"):
                print_signal(self._scan, announcement.event.evaluation, record)

    def _log_snapshots(self) -> None:
        snapshots, self._scan.desk.outbox.snapshots = self._scan.desk.outbox.snapshots, []
        for evaluation in snapshots:
            logger = self._scan.logs.of(evaluation.symbol)
            if evaluation.signal is Direction.NONE:
                logger.debug("%s", no_signal_line(evaluation))
            else:
                logger.debug("%s stands, score %.2f", evaluation.signal.value, evaluation.score)

    def _frame(self, now_s: float) -> LiveFrame:
        desk = self._scan.desk
        rows = rows_of(desk)
        return LiveFrame(
            rows=rows,
            columns=columns_of(desk, self._scan.query.columns),
            ticks={card.symbol: card.tick_size for card in desk.cards.values()},
            evaluations={
                card.symbol: card.evaluation for card in desk.cards.values() if card.evaluation is not None
            },
            stale=frozenset(card.symbol for card in desk.cards.values() if desk.is_stale(card)),
            settings=desk.settings(desk.base),
            header=self._header(rows, now_s),
            footer=self._footer(),
            recent=tuple(self._recent),
        )

    def _header(self, rows: list[Any], now_s: float) -> str:
        from whalebot.decisions.scan.wording import interval_label

        state = self._loop.state
        at_s, count = self._received
        received = self._loop.sink.received + self._loop.sink.inbox.counters().received
        if now_s - at_s >= 1.0:
            self._rate = (received - count) / (now_s - at_s)
            self._received = (now_s, received)
        minutes, seconds = divmod(int(now_s - self._started_s), 60)
        hours, minutes = divmod(minutes, 60)
        words = [str(row["status"]).partition(" (")[0] for row in rows]
        counts = "  ".join(f"{name} {words.count(word)}" for name, word in _PHASES)
        labels = ", ".join(interval_label(interval) for interval in self._scan.desk.intervals)
        name = "whalebot scan, SIMULATED prices" if self._scan.args.demo else "whalebot scan"
        return (
            f"{name}  {hours:d}:{minutes:02d}:{seconds:02d}  {labels}  {counts}  "
            f"streams {state.up}/{state.connections}  {self._rate:.0f} events/s"
        )

    def _footer(self) -> str:
        lost = self._scan.writer.lost + (self._scan.alerts.lost if self._scan.alerts is not None else 0)
        return f"lost outputs {lost}  reconnects {self._loop.state.reconnects}"


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM of a service manager and SIGHUP of a closed terminal end the scan as Ctrl-C does.

    A signal that `nohup` has us ignore stays ignored.
    """

    def end(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    heard = [
        number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is not signal.SIG_IGN
    ]
    before = {number: signal.signal(number, end) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
