"""Disconnect-cancel: when every guarded private socket is lost for too long, all orders are cancelled."""

from __future__ import annotations

import asyncio

from whalebot.adapters.exchange.server.connection import Channel, Connection
from whalebot.adapters.exchange.server.hub import Hub
from whalebot.adapters.exchange.server.venue import Venue

TOPIC = "dcp"


class DisconnectGuard:
    """Works once the account has set a window and a private socket listens to the topic `dcp`."""

    def __init__(self, venue: Venue, hub: Hub) -> None:
        self._venue = venue
        self._hub = hub

    def left(self, connection: Connection) -> None:
        """Start the window when a guarded connection goes; call before the hub forgets it."""
        window_s = self._venue.dcp_window_s
        if window_s is None or connection.channel is not Channel.PRIVATE or TOPIC not in connection.topics:
            return
        asyncio.get_running_loop().call_later(window_s, self._strike)

    def _strike(self) -> None:
        if not self._hub.has_subscribers(TOPIC):
            self._venue.cancel_everything()
