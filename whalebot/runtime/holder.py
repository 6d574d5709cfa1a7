"""Where the newest view lies for everyone who looks."""

from __future__ import annotations

from whalebot.domain.view import View


class ViewHolder:
    """Holds the last published view. One thread publishes, any thread reads; both are one reference."""

    def __init__(self) -> None:
        self._view: View | None = None

    def publish(self, view: View) -> None:
        """Replace the view."""
        self._view = view

    def read(self) -> View | None:
        """Return the newest view, None before the first."""
        return self._view
