"""A disk that may be full: what cannot be written waits, and people are told once."""

from __future__ import annotations

from collections.abc import Callable


class Disk:
    """Carries out writes and survives those that fail; `say` hears of the first and of the recovery."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._failing: set[str] = set()

    def attempt(self, what: str, write: Callable[[], None]) -> bool:
        """Write; return whether it worked. `what` names it in the message. Any thread."""
        try:
            write()
        except OSError as error:
            if what not in self._failing:
                self._failing.add(what)
                self._say(f"the {what} cannot be written ({error.strerror or error}); trying again")
            return False
        if what in self._failing:
            self._failing.remove(what)
            self._say(f"the {what} is written again")
        return True
