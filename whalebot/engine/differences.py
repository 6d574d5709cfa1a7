"""Acts on what a comparison with the venue found: foreign positions, wrong sizes, both sides at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from whalebot.domain.effects import FetchClosings
from whalebot.domain.enums import Level
from whalebot.domain.events import ClosingsFetched
from whalebot.domain.known import Unknown
from whalebot.domain.orders import PositionReport
from whalebot.domain.trade import ClosedTrade
from whalebot.engine.context import Context
from whalebot.engine.exits import ExitDesk
from whalebot.engine.missing import mend
from whalebot.engine.orders import OrderTracker
from whalebot.engine.positions import PositionManager
from whalebot.engine.reconcile import Finding, Verdict
from whalebot.engine.signals import SymbolSignals

# After so many rounds in which every query answered and none explains the difference, the venue is believed.
_BELIEVE_VENUE_AFTER: Final = 5


class Differences:
    """Remembers which symbols differ from the venue. `fetch` asks for a symbol's executions since a time."""

    def __init__(
        self,
        ctx: Context,
        tracker: OrderTracker,
        positions: PositionManager,
        signals: dict[str, SymbolSignals],
        exits: ExitDesk,
    ) -> None:
        self._ctx = ctx
        self._tracker = tracker
        self._positions = positions
        self._signals = signals
        self._exits = exits
        self._rounds: dict[str, int] = {}
        self._two_sided: set[str] = set()
        self._unexplained: dict[str, Finding] = {}

    def blocked_by(self, symbol: str) -> list[str]:
        """Return why a symbol may not be entered."""
        reasons = ["position differs from the venue's"] if symbol in self._rounds else []
        return [*reasons, "long and short at once at the venue"] if symbol in self._two_sided else reasons

    def rounds_of(self, symbol: str) -> int:
        """Return how often in a row a symbol's position differed from the venue's."""
        return self._rounds.get(symbol, 0)

    @property
    def is_any_open(self) -> bool:
        """True while the position of any symbol differs from the venue's."""
        return bool(self._rounds)

    def act(self, finding: Finding, fetch: Callable[[str, int], None]) -> None:
        """Do what a finding asks for."""
        symbol = finding.symbol
        self._tell_two_sided(finding)
        if finding.verdict is Verdict.MATCH:
            self._rounds.pop(symbol, None)
            self._exits.insist(symbol)
        elif finding.verdict is Verdict.FOREIGN and finding.report is not None:
            self._on_foreign(finding.report, fetch)
        elif finding.verdict is Verdict.DIFFERS:
            self._on_difference(finding, fetch)

    def on_closings(self, event: ClosingsFetched) -> ClosedTrade | None:
        """The venue's books about a position that differs: believe them; return the trade that ended, if any.

        Books that cannot be read end nothing: the next round asks again.
        """
        symbol, answer = event.symbol, event.closings
        finding = self._unexplained.pop(symbol, None)
        if isinstance(answer, Unknown):
            self._ctx.trouble("closings_unknown", answer.reason, symbol)
            return None
        self._ctx.recovered("closings_unknown", symbol)
        is_as_found = finding is not None and self._positions.held_qty(symbol) == finding.ours != 0
        if finding is None or not is_as_found or self._tracker.in_flight(symbol):
            return None
        self._rounds.pop(symbol, None)
        return self._believe(finding, event)

    def _believe(self, finding: Finding, event: ClosingsFetched) -> ClosedTrade | None:
        symbol, report = finding.symbol, finding.report
        assert not isinstance(event.closings, Unknown)
        holding = self._positions.holdings[symbol]
        own = report if report is not None and report.position_idx == holding.memory.position_idx else None
        mended = mend(holding.memory, own, event.closings.value, self._ctx.clock.now_ms)
        price = (
            "by the venue's books" if mended.explained else "at a price nobody knows: counted at its entry"
        )
        self._ctx.alert(
            Level.WARNING if mended.explained else Level.CRITICAL,
            "position_mended",
            f"{symbol}: no execution explains our position",
            f"we held {finding.ours}, the venue has {finding.venue}: taken over {price}, marked reconciled",
        )
        trade = self._positions.mend(symbol, mended)
        if report is not None and symbol not in self._positions.holdings:
            self._positions.foreign.adopt(report)
        return trade

    def _on_foreign(self, report: PositionReport, fetch: Callable[[str, int], None]) -> None:
        """A position without a reason: fills that were missed would explain it, so ask for those first."""
        symbol = report.symbol
        since = self._signals[symbol].told_to_ms
        if symbol not in self._rounds and since is not None:
            self._rounds[symbol] = 1
            fetch(symbol, since)
            return
        self._rounds.pop(symbol, None)
        self._positions.foreign.adopt(report)

    def _on_difference(self, finding: Finding, fetch: Callable[[str, int], None]) -> None:
        symbol = finding.symbol
        rounds = self._rounds[symbol] = self._rounds.get(symbol, 0) + 1
        self._ctx.alert(
            Level.WARNING,
            "position_differs",
            f"{symbol}: position differs from the venue's",
            f"we hold {finding.ours}, the venue says {finding.venue} (round {rounds})",
        )
        memory = self._positions.holdings[symbol].memory
        known = [at for at in (self._signals[symbol].told_to_ms, memory.opened_ms) if at]
        fetch(symbol, min(known, default=self._ctx.clock.reached_ms))
        # The answer on its way is held against what was found when it was asked for.
        if rounds > _BELIEVE_VENUE_AFTER and symbol not in self._unexplained:
            self._unexplained[symbol] = finding
            self._ctx.emit(FetchClosings(symbol, memory.opened_ms))
        retry = self._ctx.clock.real_ms + self._ctx.settings.feed.retry_ms
        self._ctx.timers.arm("reconcile", retry)

    def _tell_two_sided(self, finding: Finding) -> None:
        """A long and a short at once, as only hedge mode has them: one position of a symbol is managed."""
        symbol = finding.symbol
        if not finding.sides:
            self._two_sided.discard(symbol)
        elif symbol not in self._two_sided:
            self._two_sided.add(symbol)
            what = " and ".join(f"{r.side.value if r.side else ''} {r.qty}" for r in finding.sides)
            rest = "both are left as they are"
            if finding.ours != 0:
                rest = f"only our {finding.ours} is managed, the other is left as it is"
            self._ctx.alert(
                Level.CRITICAL,
                "two_sided",
                f"{symbol}: long and short at once",
                f"{what} at the venue; {rest}, and there are no entries until one of them is closed",
            )
