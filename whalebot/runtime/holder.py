"""Where the newest view lies for everyone who looks."""

from __future__ import annotations

from collections.abc import Callable

from whalebot.domain.view import View


class ViewHolder:
    """Holds the last published view. One thread publishes, any thread reads; both are one reference."""

    def __init__(self, on_publish: Callable[[View], None] | None = None) -> None:
        """on_publish: hears of every view, on the publishing thread; it must return at once."""
        self._view: View | None = None
        self._on_publish = on_publish

    def publish(self, view: View) -> None:
        """Replace the view."""
        self._view = view
        if self._on_publish is not None:
            self._on_publish(view)

    def read(self) -> View | None:
        """Return the newest view, None before the first."""
        return self._view
