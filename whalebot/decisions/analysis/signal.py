"""The Schmitt trigger over the score: when BUY and SELL begin, how long they are held, when they end."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from whalebot.domain.enums import Side, Signal
from whalebot.indicators.arrays import FloatArray

TOLERANCE: Final = 1e-9
_CODES: Final = {Signal.BUY: 1, Signal.HOLD: 0, Signal.SELL: -1}
_SIGNALS: Final = {code: signal for signal, code in _CODES.items()}


def entry_side(score: float, threshold: float) -> Side | None:
    """Return the side that this very bar's score may enter, None when it does not reach the threshold."""
    if score >= threshold - TOLERANCE:
        return Side.BUY
    return Side.SELL if score <= -threshold + TOLERANCE else None


def next_code(code: int, score: float, threshold: float, hysteresis_ratio: float) -> int:
    """Return the state after a score: +1 BUY, -1 SELL, 0 HOLD; `code` is the state before.

    The opposite threshold is tested first; a held state ends when the score falls short of threshold times
    `hysteresis_ratio`.
    """
    if code >= 0 and score <= -threshold + TOLERANCE:
        return -1
    if code <= 0 and score >= threshold - TOLERANCE:
        return 1
    held = threshold * hysteresis_ratio
    if code > 0:
        return 0 if score < held - TOLERANCE else 1
    if code < 0:
        return 0 if score > -held + TOLERANCE else -1
    return 0


class SignalState:
    """The held signal of one symbol."""

    __slots__ = ("_code",)

    def __init__(self, signal: Signal = Signal.HOLD) -> None:
        self._code = _CODES[signal]

    @property
    def signal(self) -> Signal:
        """What is held now."""
        return _SIGNALS[self._code]

    def step(self, score: float, threshold: float, hysteresis_ratio: float) -> Signal:
        """Take the score of the next closed bar and return what is held after it."""
        self._code = next_code(self._code, score, threshold, hysteresis_ratio)
        return _SIGNALS[self._code]


def signal_codes(
    scores: FloatArray,
    thresholds: FloatArray,
    hysteresis_ratio: float,
    may_enter: NDArray[np.bool_],
) -> NDArray[np.int8]:
    """Return the state after each bar of a history: +1 BUY, -1 SELL, 0 HOLD; HOLD while not `may_enter`."""
    rows = np.arange(len(scores))
    held = thresholds * hysteresis_ratio

    def last(marked: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.maximum.accumulate(np.where(marked, rows, -1))

    # A score beyond a threshold sets the state whatever it was, and is at once the end of the opposite one.
    buys = last(may_enter & (scores >= thresholds - TOLERANCE))
    sells = last(may_enter & (scores <= -thresholds + TOLERANCE))
    is_buy = buys > last(~may_enter | (scores < held - TOLERANCE))
    is_sell = sells > last(~may_enter | (scores > -held + TOLERANCE))
    return is_buy.astype(np.int8) - is_sell.astype(np.int8)


def signal_of(code: int) -> Signal:
    """Return the signal of a code of `signal_codes`."""
    return _SIGNALS[code]
