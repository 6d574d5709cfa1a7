"""What the rooms of the engine share: settings, clocks, instruments and the list of effects being made."""

from __future__ import annotations

from typing import Final

from whalebot.domain.effects import Alert, Effect, Notice
from whalebot.domain.enums import Level, Side
from whalebot.domain.instrument import Instrument
from whalebot.engine.clock import MarketClock, Timers
from whalebot.engine.settings import EngineSettings

# Questions that hold every entry back until they are answered.
_HOLDS_ENTRIES: Final = {"executions_unknown": "executions", "snapshot_unknown": "positions and orders"}


class Context:
    """One per engine. `out` collects the effects of the event at hand; `dirty` asks for a Persist.

    Before `blocked_until_ms` (real time) the venue takes no request of ours. `mode_changed` are the symbols
    whose position mode is no longer the one the settings tell.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.clock = MarketClock(settings.feed.time_scale, settings.feed.max_ahead_ms)
        self.timers = Timers()
        self.instruments: dict[str, Instrument] = {}
        self.out: list[Effect] = []
        self.dirty = False
        self.stopping = False
        self.requests = 0
        self.blocked_until_ms = 0
        self.mode_changed: set[str] = set()
        self._troubles: dict[tuple[str, str], tuple[int, str]] = {}
        self._lasting: set[tuple[str, str]] = set()

    def is_hedged(self, symbol: str) -> bool:
        """True where the account holds a symbol in hedge mode, as far as it is known."""
        return (symbol in self.settings.feed.hedged) != (symbol in self.mode_changed)

    def hedge_idx(self, symbol: str, side: Side) -> int:
        """Return the index of a new position: 0 in one-way mode, 1 long and 2 short in hedge mode."""
        if not self.is_hedged(symbol):
            return 0
        return 1 if side is Side.BUY else 2

    def emit(self, effect: Effect) -> None:
        """Add one effect."""
        self.out.append(effect)

    def next_request_no(self) -> int:
        """Number the requests whose answers must be told apart."""
        self.requests += 1
        return self.requests

    def notice(self, level: Level, kind: str, text: str, symbol: str = "", **fields: object) -> None:
        """Say something to the log, stamped with market time."""
        facts = tuple((name, str(value)) for name, value in fields.items())
        self.out.append(Notice(level, kind, text, symbol, self.clock.now_ms, facts))

    def count(self, kind: str, text: str, symbol: str) -> None:
        """Say something that may repeat often: the log samples it."""
        self.out.append(Notice(Level.DEBUG, kind, text, symbol, self.clock.now_ms))

    def trouble(self, kind: str, text: str, symbol: str = "") -> None:
        """Say that something does not work: the first time for people, after that only as a count.

        Where it holds entries back and lasts, the owner is told.
        """
        failures, _ = self._troubles.get((kind, symbol), (0, ""))
        self._troubles[kind, symbol] = (failures + 1, text)
        if failures:
            self.count(kind, text, symbol)
            return
        self.notice(Level.WARNING, kind, text, symbol)
        if kind in _HOLDS_ENTRIES:
            due_ms = self.clock.real_ms + self.settings.timing.trouble_alert_ms
            self.timers.arm(("trouble", kind, symbol), due_ms)

    def on_trouble_timer(self, kind: str, symbol: str) -> None:
        """A question stays unanswered for long: tell the owner once, until all of them are answered."""
        is_told = bool(self._lasting)
        self._lasting.add((kind, symbol))
        if is_told:
            return
        of = f"{symbol}: " if symbol else ""
        seconds = self.settings.timing.trouble_alert_ms // 1000
        title = f"{of}the venue has not told {_HOLDS_ENTRIES[kind]} for more than {seconds} s"
        reason = self._troubles[kind, symbol][1]
        text = f"{reason}; no entries until it does, stops stay at the venue"
        self.alert(Level.WARNING, "unanswered", title, text)

    def recovered(self, kind: str, symbol: str = "") -> None:
        """Say that it works again, if it did not."""
        failures, _ = self._troubles.pop((kind, symbol), (0, ""))
        if not failures:
            return
        times = "once" if failures == 1 else f"{failures} times"
        text = f"answered again after failing {times}"
        self.notice(Level.INFO, kind.removesuffix("_unknown") + "_back", text, symbol)
        self.timers.cancel(("trouble", kind, symbol))
        if (kind, symbol) in self._lasting:
            self._lasting.discard((kind, symbol))
            if not self._lasting:
                self.alert(Level.INFO, "answered", "the venue tells everything again", text)

    def tell_owner(self, kind: str, title: str, text: str) -> None:
        """Tell the owner something that the log has already."""
        self.out.append(Alert(Level.INFO, kind, title, text))

    def alert(self, level: Level, kind: str, title: str, text: str) -> None:
        """Say something to the owner, and to the log."""
        self.notice(level, kind, f"{title}: {text}")
        self.out.append(Alert(level, kind, title, text))
