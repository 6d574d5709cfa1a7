"""Recursive averages over the bars of a window, for one window of floats or many windows of arrays at once.

A row is what stands at one place of the window: a float, or an array with that place's value of every window.
Only +, -, * and / touch a row, so one window alone and many side by side give the same bits.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Row: TypeAlias = Any
"""A float, or a float64 array (windows,)."""
Rows: TypeAlias = list[Row]


def ema_rows(rows: Rows, period: int) -> Rows:
    """Return the exponential mean from place `period` - 1 on, started from the mean of the first `period`.

    e = (x - e)·2/(period + 1) + e, in TA-Lib's form. Empty where there are too few rows.
    """
    if len(rows) < period:
        return []
    factor = 2.0 / (period + 1)
    mean = _first_mean(rows, period)
    out = [mean]
    for row in rows[period:]:
        mean = (row - mean) * factor + mean
        out.append(mean)
    return out


def wilder_rows(rows: Rows, period: int) -> Rows:
    """Return Wilder's mean from place `period` - 1 on: first a simple mean, then (m·(period - 1) + x)/period.

    Source: J. W. Wilder, "New Concepts in Technical Trading Systems", 1978.
    """
    if len(rows) < period:
        return []
    weight, mean = period - 1, _first_mean(rows, period)
    out = [mean]
    for row in rows[period:]:
        mean = (mean * weight + row) / period
        out.append(mean)
    return out


def macd_rows(rows: Rows, fast: int, slow: int, signal: int) -> tuple[Rows, Rows]:
    """Return MACD and its signal line, both from place `slow` + `signal` - 2 on; empty while too short.

    Both means of the close start at place `slow` - 1, as in TA-Lib's MACD.
    """
    slower = ema_rows(rows, slow)
    faster = ema_rows(rows[slow - fast :], fast)
    line = [a - b for a, b in zip(faster, slower, strict=True)] if slower else []
    return line[signal - 1 :], ema_rows(line, signal)


def _first_mean(rows: Rows, period: int) -> Row:
    total = rows[0]
    for row in rows[1:period]:
        total = total + row
    return total / period
