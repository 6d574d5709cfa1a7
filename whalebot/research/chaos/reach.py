"""When a daemon could not have protected a position: the spans that the law about stops leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from whalebot.adapters.exchange.server.durations import duration_s
from whalebot.research.chaos.ledger import Ledger, Line, Position, read_lines
from whalebot.research.chaos.spans import Span

# Only these paths and private topics bear on whether a stop is there.
_PATHS: Final = (
    "/v5/order/create",
    "/v5/position/trading-stop",
    "/v5/position/list",
    "/v5/order/realtime",
    "/v5/execution/list",
)
_TOPICS: Final = frozenset({"order", "execution", "position", "all"})
_STREAM_FAULTS: Final = ("drop_streams", "refuse_connections", "maintenance", "restart")
_VENUE_GONE: Final = ("refuse_connections", "maintenance", "restart")
# A stream that broke is opened again within 30 s, and the account is asked for then.
_RECONNECTED_MS: Final = 35_000
# What no message told, the comparison with the venue finds: every minute.
_COMPARED_MS: Final = 63_000
# A request that got no answer is given up after 6 s and its fate looked up.
_SILENCE_MS: Final = 12_000
_AGAIN_MS: Final = 1_500
# Refusals that may hold up one repair: of the stop, and of the order that closes instead.
_MOST_REFUSALS: Final = 2
_REPAIRS: Final = ("SetTradingStop", "CreateOrder")


def ready_moments(folder: Path) -> tuple[int, ...]:
    """Return when the daemon of a --dir said that it agrees with the venue, real time in ms UTC."""
    path = folder / "logs" / "events.jsonl"
    if not path.exists():
        return ()
    events = read_lines(path, may_be_torn=True)
    return tuple(_at_ms(event["ts"]) for event in events if event.get("kind") == "reconciled")


def excused_spans(ledger: Ledger, away: Iterable[Span], ready_ms: Sequence[int]) -> tuple[Span, ...]:
    """Return every span in which the daemon was away, or a fault kept it from seeing or reaching the venue.

    `ready_ms` ascending: the moments at which it agreed with the venue again.
    """
    spans = [span._replace(is_gone=True) for span in away]
    delay_ms = 0
    for line in ledger.faults:
        if line["kind"] == "strike":
            spans += _of_strike(line, delay_ms)
            continue
        spans += _of_fault(line, ready_ms)
        if line["do"] == "delay_private" and "error" not in line:
            delay_ms = max(delay_ms, _lasts_ms(line["params"].get("delay")))
    spans += _thin_books(ledger.faults)
    for position in ledger.positions:
        spans += _refusals(position, ledger.refused)
    return tuple(spans)


def _of_strike(line: Line, delay_ms: int) -> Iterator[Span]:
    """One request or private message was struck; `delay_ms` is how late a message may be at most."""
    at_ms, do, target = line["real_ms"], line["do"], line["target"]
    if target not in _TOPICS and target not in _PATHS:
        return
    if do in ("lose", "reorder"):
        yield Span(at_ms, at_ms + _COMPARED_MS, f"{do} {target}", news_ms=at_ms)
    elif do == "delay":
        yield Span(at_ms, at_ms + delay_ms + _AGAIN_MS, f"{do} {target}")
    elif do == "silence":
        yield Span(at_ms, at_ms + _SILENCE_MS, f"no answer from {target}")
    elif do == "error":
        yield Span(at_ms, at_ms + _AGAIN_MS, f"an error from {target}")


def _of_fault(line: Line, ready_ms: Sequence[int]) -> Iterator[Span]:
    if "error" in line:
        return
    do, at_ms, params = line["do"], line["real_ms"], line["params"]
    if params.get("channel") == "public" or not _bears(params.get("path", "")):
        return
    end_ms = at_ms + _lasts_ms(params.get("for"))
    if do == "freeze_streams":
        yield Span(at_ms, end_ms + _COMPARED_MS, do, news_ms=end_ms)
    elif do in _STREAM_FAULTS:
        yield Span(at_ms, _first(ready_ms, end_ms, end_ms + _RECONNECTED_MS), do, is_gone=do in _VENUE_GONE)
    elif do == "send_frame":
        yield Span(at_ms, _first(ready_ms, at_ms, at_ms + _AGAIN_MS), do)
    elif do in ("rest_error", "clock_skew", "rate_limit_burst"):
        yield Span(at_ms, end_ms + 2 * _AGAIN_MS, do)


def _bears(path: str) -> bool:
    """A fault of requests names a part of their path, "" for all of them."""
    return any(path in known for known in _PATHS)


def _lasts_ms(text: str | None) -> int:
    return int((duration_s(text, "for") if text else 0.0) * 1000)


def _first(moments: Sequence[int], after_ms: int, limit_ms: int) -> int:
    return min(next((at for at in moments if at > after_ms), limit_ms), limit_ms)


def _thin_books(faults: Iterable[Line]) -> Iterator[Span]:
    """While takers get a share of what they ask for, closing takes as long as it takes."""
    since: dict[str, int] = {}
    for line in faults:
        if line["do"] != "partial_fills" or "params" not in line:
            continue
        symbol = line["params"].get("symbol", "")
        if Decimal(line["params"]["share"]) < 1:
            since.setdefault(symbol, line["real_ms"])
        elif symbol in since:
            yield Span(since.pop(symbol), line["real_ms"] + _AGAIN_MS, "partial_fills", symbol)


def _refusals(position: Position, refused: Iterable[Line]) -> Iterator[Span]:
    """The first repairs of a position without a stop that the venue refused, each until it is tried again."""
    repairs = [
        line["real_ms"]
        for line in refused
        if line["symbol"] == position.symbol and line.get("command") in _REPAIRS
    ]
    for bare in position.bare:
        within = [at for at in repairs if bare.start_ms <= at < bare.end_ms]
        yield from (Span(at, at + _AGAIN_MS, "refused", position.symbol) for at in within[:_MOST_REFUSALS])


def _at_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
