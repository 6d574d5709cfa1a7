"""Account-wide breakers: day loss, drawdown, losing streak. A pure step over a remembered state."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from whalebot.decisions.risk.settings import GuardrailSettings
from whalebot.domain.intervals import DAY_MS
from whalebot.domain.records import replace
from whalebot.domain.state import GuardrailMemory

DAY_LOSS: Final = "max_day_loss_pct"
DRAWDOWN: Final = "max_drawdown_pct"
STREAK: Final = "max_consecutive_losses"
# A limit that float noise misses is reached.
_NOISE: Final = 1e-12


def breach_number(
    day_base: float,
    peak: float,
    equity: float,
    losses: int,
    max_day_loss: float,
    max_drawdown: float,
    max_losses: int,
) -> int:
    """Return which limit is reached: 0 none, 1 day loss, 2 drawdown, 3 losing streak.

    Money in quote, limits as fractions; a base or peak of 0 is unknown. A plain function of numbers: the
    compiled pass of a backtest runs it too.
    """
    if day_base > 0.0 and 1.0 - equity / day_base >= max_day_loss - _NOISE:
        return 1
    if peak > 0.0 and 1.0 - equity / peak >= max_drawdown - _NOISE:
        return 2
    return 3 if losses >= max_losses else 0


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit was reached: entries pause until `until_ms` (market time)."""

    rule: str
    detail: str
    until_ms: int


def observe(
    memory: GuardrailMemory, equity: Decimal, now_ms: int, settings: GuardrailSettings
) -> tuple[GuardrailMemory, Breach | None]:
    """Look at the equity (wallet plus unrealised) at market time `now_ms`; return what to remember.

    During a pause neither peak nor streak is followed; at its end the peak restarts at this equity and the
    streak at zero. The day's base is the equity at 00:00 UTC, or the last one seen before it.
    """
    memory = _end_pause(_start_day(memory, equity, now_ms), equity, now_ms)
    if memory.paused_until_ms is not None:
        return replace(memory, last_equity=equity), None
    memory = replace(memory, last_equity=equity, peak_equity=max(memory.peak_equity or equity, equity))
    breach = _breach(memory, equity, now_ms, settings) if settings.enabled else None
    if breach is not None:
        memory = replace(memory, paused_until_ms=breach.until_ms, pause_rule=breach.rule)
    return memory, breach


def shift(memory: GuardrailMemory, equity: Decimal, amount: Decimal) -> GuardrailMemory:
    """Return the memory after `amount` was moved into the account (below zero: out), `equity` with it.

    Peak and bases change in proportion to the equity, so that day loss and drawdown are the same fractions as
    before. Where nothing is left to be in proportion to, they start afresh.
    """
    before = equity - amount
    if before <= 0 or equity <= 0:
        return replace(memory, peak_equity=equity, day_base_equity=equity, last_equity=equity)
    share = equity / before
    peak, base, last = (
        None if level is None else level * share
        for level in (memory.peak_equity, memory.day_base_equity, memory.last_equity)
    )
    shifted = replace(memory, peak_equity=peak, day_base_equity=base, last_equity=last)
    if base is None or memory.day_base_equity is None:
        return shifted
    carried = (before - memory.day_base_equity) - (equity - base)
    return replace(shifted, day_carried=memory.day_carried + carried)


def count_result(memory: GuardrailMemory, pnl: Decimal) -> GuardrailMemory:
    """Follow the losing streak with one closed trade; not during a pause. Zero breaks no streak."""
    if memory.paused_until_ms is not None or pnl == 0:
        return memory
    return replace(memory, consecutive_losses=memory.consecutive_losses + 1 if pnl < 0 else 0)


def drawdown_of(memory: GuardrailMemory, equity: Decimal) -> float:
    """Return the drawdown from the remembered peak as a fraction, 0 to 1."""
    if memory.peak_equity is None or memory.peak_equity <= 0:
        return 0.0
    return max(0.0, float(1 - equity / memory.peak_equity))


def _start_day(memory: GuardrailMemory, equity: Decimal, now_ms: int) -> GuardrailMemory:
    day = now_ms // DAY_MS * DAY_MS
    if memory.day_start_ms == day:
        return memory
    base = equity if now_ms == day or memory.last_equity is None else memory.last_equity
    return replace(memory, day_start_ms=day, day_base_equity=base, day_carried=Decimal(0))


def _end_pause(memory: GuardrailMemory, equity: Decimal, now_ms: int) -> GuardrailMemory:
    if memory.paused_until_ms is None or now_ms < memory.paused_until_ms:
        return memory
    return replace(memory, paused_until_ms=None, pause_rule="", peak_equity=equity, consecutive_losses=0)


def _breach(
    memory: GuardrailMemory, equity: Decimal, now_ms: int, settings: GuardrailSettings
) -> Breach | None:
    base = float(memory.day_base_equity or 0)
    number = breach_number(
        base,
        float(memory.peak_equity or 0),
        float(equity),
        memory.consecutive_losses,
        settings.max_day_loss,
        settings.max_drawdown,
        settings.max_consecutive_losses,
    )
    until = now_ms + settings.cooldown_after_kill_ms
    if number == 1:
        midnight = now_ms // DAY_MS * DAY_MS + DAY_MS
        loss = 1 - float(equity) / base
        return Breach(DAY_LOSS, f"day loss {loss:.2%}, limit {settings.max_day_loss:.2%}", midnight)
    if number == 2:
        drawdown = drawdown_of(memory, equity)
        return Breach(DRAWDOWN, f"drawdown {drawdown:.2%}, limit {settings.max_drawdown:.2%}", until)
    return Breach(STREAK, f"{memory.consecutive_losses} losses in a row", until) if number == 3 else None
