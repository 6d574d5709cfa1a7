"""Numbers as lengths: a bar from the middle, a score, a position between stop and target."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from whalebot.adapters.terminal.spans import Row
from whalebot.domain.view import PositionView

_SIGNS: Final = {"full": "█", "left": "▐", "right": "▌", "axis": "│", "track": "·", "mark": "╎"}
_PLAIN: Final = {"full": "#", "left": "#", "right": "#", "axis": "|", "track": ".", "mark": ":"}


def middle_bar(value: float, most: float, half: int, signs: bool) -> Row:
    """Return a bar of 2 × `half` + 1 characters, above zero to the right in green, below to the left."""
    set_ = _SIGNS if signs else _PLAIN
    length = min(abs(value) / most, 1.0) * half if most > 0 else 0.0
    whole, rest = int(length), length - int(length)
    part = rest >= 0.5 or (whole == 0 and rest > 0.05)
    size = whole + part
    blank = " " * (half - size)
    if value < 0:
        drawn = (set_["left"] if part else "") + set_["full"] * whole
        return [("", blank), ("red", drawn), ("dim", set_["axis"]), ("", " " * half)]
    drawn = set_["full"] * whole + (set_["right"] if part else "")
    return [("", " " * half), ("dim", set_["axis"]), ("green", drawn), ("", blank)]


def score_gauge(score: float, threshold: float, half: int, signs: bool) -> Row:
    """Return a score as a bar on a track; marks stand where an entry is allowed, at ± `threshold`."""
    set_ = _SIGNS if signs else _PLAIN
    most = max(abs(score), threshold * 1.5) or 1.0
    reach = round(min(abs(score) / most, 1.0) * half)
    mark = round(threshold / most * half)
    colour = "green" if score > 0 else "red"
    row: Row = []
    for place in range(-half, half + 1):
        if place == 0:
            row.append(("dim", set_["axis"]))
        elif 0 < place * (1 if score > 0 else -1) <= reach:
            row.append((colour, set_["full"]))
        elif threshold > 0 and abs(place) == mark:
            row.append(("yellow", set_["mark"]))
        else:
            row.append(("dim", set_["track"]))
    return _runs(row)


def risk_of(position: PositionView) -> Decimal | None:
    """Return what the first stop put at risk, in quote; None where it is not known."""
    if position.initial_stop is None:
        return None
    risk = position.qty * abs(position.entry_price - position.initial_stop)
    return risk if risk > 0 else None


def result_in_r(position: PositionView) -> float | None:
    """Return the open result in units of the first risk, by price alone; None where that is not known."""
    risk = risk_of(position)
    return None if risk is None else float(position.unrealised_pnl / risk)


def position_scale(position: PositionView, width: int, signs: bool) -> Row:
    """Return stop, entry, price and target on a line, the stop left and the target right for either side.

    What was won is drawn from entry to price in green, what was lost in red. Without a target the line ends
    at the best price, without a stop it begins at the worst of what is known.
    """
    sign = position.side.sign
    price = position.last_price if position.last_price is not None else position.entry_price
    known = [position.entry_price, price, position.stop_loss, position.take_profit, position.initial_stop]
    if position.take_profit is None:
        known.append(position.best_price)
    places = [float(p) * sign for p in known if p is not None]
    low, high = min(places), max(places)

    def at(value: Decimal) -> int:
        share = (float(value) * sign - low) / (high - low) if high > low else 0.0
        return round(share * (width - 1))

    entry, now = at(position.entry_price), at(price)
    track, run, head = ("─", "━", "●") if signs else ("-", "=", "o")
    cells: list[tuple[str, str]] = [("dim", track)] * width
    for place in range(min(entry, now), max(entry, now) + 1):
        cells[place] = ("green" if now > entry else "red", run)
    if position.stop_loss is not None:
        for place in range(at(position.stop_loss)):
            cells[place] = ("dim", " ") if cells[place][0] == "dim" else cells[place]
        cells[at(position.stop_loss)] = ("red", "┣" if signs else "[")
    if position.take_profit is not None:
        cells[at(position.take_profit)] = ("green", "┫" if signs else "]")
    cells[entry] = ("bold", "┿" if signs else "+")
    cells[now] = ("green" if now > entry else "red" if now < entry else "bold", head)
    return _runs(cells)


def _runs(cells: Row) -> Row:
    """Neighbours of one colour as one span."""
    row: Row = []
    for colour, text in cells:
        if row and row[-1][0] == colour:
            row[-1] = (colour, row[-1][1] + text)
        else:
            row.append((colour, text))
    return row
