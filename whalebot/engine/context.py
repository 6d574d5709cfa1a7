"""What the rooms of the engine share: settings, clocks, instruments and the list of effects being made."""

from __future__ import annotations

from whalebot.domain.effects import Alert, Effect, Notice
from whalebot.domain.enums import Level, Side
from whalebot.domain.instrument import Instrument
from whalebot.engine.clock import MarketClock, Timers
from whalebot.engine.settings import EngineSettings


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
        self._troubles: dict[tuple[str, str], int] = {}

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
        """Say that something does not work: the first time for people, after that only as a count."""
        if (kind, symbol) in self._troubles:
            self._troubles[kind, symbol] += 1
            self.count(kind, text, symbol)
            return
        self._troubles[kind, symbol] = 1
        self.notice(Level.WARNING, kind, text, symbol)

    def recovered(self, kind: str, symbol: str = "") -> None:
        """Say that it works again, if it did not."""
        failures = self._troubles.pop((kind, symbol), 0)
        if failures:
            times = "once" if failures == 1 else f"{failures} times"
            text = f"answered again after failing {times}"
            self.notice(Level.INFO, kind.removesuffix("_unknown") + "_back", text, symbol)

    def tell_owner(self, kind: str, title: str, text: str) -> None:
        """Tell the owner something that the log has already."""
        self.out.append(Alert(Level.INFO, kind, title, text))

    def alert(self, level: Level, kind: str, title: str, text: str) -> None:
        """Say something to the owner, and to the log."""
        self.notice(level, kind, f"{title}: {text}")
        self.out.append(Alert(level, kind, title, text))
