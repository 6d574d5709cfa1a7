"""A recording through a fresh engine: the same events must bring the same effects, one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Final

import msgspec

from whalebot.adapters.recording.codec import START, EventRecord, Shown, decode_event, digest_of, shown_of
from whalebot.adapters.recording.reader import Journal
from whalebot.domain import effects as ef
from whalebot.domain import events as ev
from whalebot.domain.effects import Effect
from whalebot.domain.errors import ConfigError
from whalebot.domain.state import StateDocument
from whalebot.engine.engine import Engine
from whalebot.engine.settings import EngineSettings

_plain: Final = msgspec.msgpack.Decoder()
_DECISIONS: Final = frozenset(
    kind.__name__ for kind in (ef.SubmitOrder, ef.CancelOrder, ef.AmendStop, ef.SetLeverage, ef.RecordTrade)
)
"""Effects that act on the account, and the trades that come of them."""


@dataclass(frozen=True, slots=True)
class Parting:
    """The first event whose effects differ. `recv_ms`: local time of the recording, ms UTC."""

    number: int
    event: str
    recv_ms: int
    words: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay found. `events` were equal. `torn` and `damage` as the journal tells them.

    `parting` None: every effect was the recorded one.
    """

    events: int
    effects: int
    parting: Parting | None
    torn: str
    damage: str


def replay(
    journal: Journal,
    until: int | None = None,
    hear: Callable[[EventRecord], None] | None = None,
) -> Replay:
    """Feed the recorded events to a fresh engine and compare every effect, up to the first difference.

    until: number of the last event to feed, None for all. hear: told every event that agreed. Raises
    ConfigError for a recording whose events, settings or state this version cannot read.
    """
    engine = engine_of(journal)
    events = effects = 0
    for record in journal.records():
        if until is not None and record.number > until:
            break
        words = _differs(record, lambda record=record: feed(engine, record))  # type: ignore[misc]
        if words:
            parting = Parting(record.number, record.name, _time_of(record), words)
            return Replay(events, effects, parting, journal.torn, journal.damage)
        events += 1
        effects += len(record.effects)
        if hear is not None:
            hear(record)
    return Replay(events, effects, None, journal.torn, journal.damage)


def replay_with(journal: Journal, other: EngineSettings, until: int | None = None) -> Replay:
    """Ask what other settings would have done: feed the same events, up to the first decision that differs.

    Decisions are orders, cancellations, stops, leverage and closed trades; `effects` of the answer counts
    those alone. What the recorded run was told to change in its settings is left out. Raises ConfigError
    where the recording does not hold the market that `other` trades.
    """
    recorded = settings_of(journal)
    for name, old, new in (
        ("symbols", ", ".join(recorded.symbols), ", ".join(other.symbols)),
        ("interval", recorded.interval, other.interval),
    ):
        if old != new:
            raise ConfigError(f"{journal.folder} holds {name} {old}, not {new}: only that can be asked of it")
    engine = engine_of(journal, _put_into(other, recorded))
    events = decisions = 0
    for record in journal.records():
        if record.digest is None or (until is not None and record.number > until):
            break
        if record.name != ev.Reconfigured.__name__:
            found = [shown for shown in shown_of(feed(engine, record)) if shown[0] in _DECISIONS]
            made = [(name, fields) for name, fields in record.effects if name in _DECISIONS]
            words = difference_in_words(made, found)
            if words:
                parting = Parting(record.number, record.name, _time_of(record), words)
                return Replay(events, decisions, parting, journal.torn, journal.damage)
            decisions += len(made)
        events += 1
    return Replay(events, decisions, None, journal.torn, journal.damage)


def _put_into(other: EngineSettings, recorded: EngineSettings) -> EngineSettings:
    """Return other settings with the facts of the recorded run."""
    timing = replace(other.timing, funding_check_ms=recorded.timing.funding_check_ms)
    # Label and fingerprint stand in every trade and decide nothing.
    return replace(
        other, config_hash=recorded.config_hash, label=recorded.label, feed=recorded.feed, timing=timing
    )


def settings_of(journal: Journal) -> EngineSettings:
    """Return the settings that a recording began with. Raises ConfigError."""
    try:
        return msgspec.msgpack.decode(journal.header.settings, type=EngineSettings)
    except msgspec.ValidationError as error:
        raise _unreadable(journal, error) from None


def engine_of(journal: Journal, settings: EngineSettings | None = None) -> Engine:
    """Return an engine as the recorded one began, or with other settings. Raises ConfigError."""
    try:
        state = msgspec.msgpack.decode(journal.header.state, type=StateDocument)
    except msgspec.ValidationError as error:
        raise _unreadable(journal, error) from None
    return Engine(settings or settings_of(journal), state)


def _unreadable(journal: Journal, error: Exception) -> ConfigError:
    version = journal.header.versions.get("whalebot", "unknown")
    return ConfigError(
        f"{journal.folder}: recorded by whalebot {version}, whose settings this version cannot read "
        f"({error}); replay it with that version"
    )


def feed(engine: Engine, record: EventRecord) -> Sequence[Effect]:
    """Let the engine take one recorded event. Raises ConfigError for one that cannot be read."""
    if record.name == START:
        return engine.start(_plain.decode(record.fields)["real_ms"])
    try:
        event = decode_event(record, EngineSettings)
    except ValueError as error:
        raise ConfigError(
            f"event {record.number}: {error}; replay it with the version that wrote it"
        ) from None
    return engine.process(event)


def difference_in_words(recorded: Sequence[Shown], found: Sequence[Shown]) -> str:
    """Return what differs first between two lists of effects, "" where nothing that is shown does."""
    for place, (old, new) in enumerate(zip_longest(recorded, found), start=1):
        if old is None or new is None:
            which, (name, fields) = ("replayed only", new) if old is None else ("recorded only", old)
            return f"effect {place}: {which}: {name}{_brief(fields)}"
        if old[0] != new[0]:
            return f"effect {place}: recorded {old[0]}{_brief(old[1])}, replayed {new[0]}{_brief(new[1])}"
        words = _path_of_difference(old[1], new[1])
        if words:
            return f"effect {place}: {old[0]}{words}"
    return ""


def _differs(record: EventRecord, run: Callable[[], Sequence[Effect]]) -> str:
    if record.digest is None:
        try:
            run()
        except ConfigError:
            raise
        except Exception:  # noqa: BLE001 - the recorded engine broke here as well: that is agreement
            return ""
        return "the recorded engine broke on this event; this one does not"
    effects = run()
    if digest_of(effects) == record.digest:
        return ""
    recorded: list[Shown] = [(name, fields) for name, fields in record.effects]
    words = difference_in_words(recorded, shown_of(effects))
    names = sorted({name for name, fields in recorded if fields is None})
    return words or f"{' or '.join(names)}: same effects, other content (only its digest is recorded)"


def _path_of_difference(old: Any, new: Any, path: str = "") -> str:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys((*old, *new)):
            words = _path_of_difference(old.get(name), new.get(name), f"{path}.{name}")
            if words:
                return words
        return ""
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for at, (one, other) in enumerate(zip(old, new, strict=True)):
            words = _path_of_difference(one, other, f"{path}[{at}]")
            if words:
                return words
        return ""
    # A value that is no number is equal to itself here.
    if old == new or (old != old and new != new):
        return ""
    return f"{path}: recorded {old!r}, replayed {new!r}"


def _brief(fields: Any) -> str:
    if not fields:
        return ""
    text = ", ".join(f"{name}={value!r}" for name, value in fields.items())
    return f"({text[:300]}{'...' if len(text) > 300 else ''})"


def _time_of(record: EventRecord) -> int:
    fields = _plain.decode(record.fields)
    return int(fields.get("recv_ms", fields.get("real_ms", 0)))
