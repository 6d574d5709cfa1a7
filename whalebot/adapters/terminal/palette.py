"""Colours by meaning; all empty where colours are not welcome."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Palette:
    """Escape sequences. `off` ends any of them."""

    good: str = ""
    bad: str = ""
    strong: str = ""
    quiet: str = ""
    note: str = ""
    warn: str = ""
    off: str = ""

    def paint(self, colour: str, text: str) -> str:
        """Return `text` in a colour of this palette."""
        return f"{colour}{text}{self.off}" if colour else text

    def by_sign(self, value: float | Decimal, text: str) -> str:
        """Return `text` good above zero, bad below, plain at zero."""
        return self.paint(self.good if value > 0 else self.bad if value < 0 else "", text)


def coloured() -> Palette:
    """Return the colours of a terminal that wants them."""
    from colorama import Fore, Style

    return Palette(
        good=str(Fore.GREEN),
        bad=str(Fore.RED),
        strong=str(Style.BRIGHT),
        quiet=str(Fore.LIGHTBLACK_EX),
        note=str(Fore.CYAN),
        warn=str(Fore.YELLOW),
        off=str(Style.RESET_ALL),
    )
