"""The state of a venue behind sockets, for whoever shows it."""

from __future__ import annotations

from whalebot.adapters.bybit.connection import LinkState
from whalebot.adapters.bybit.rest import RestFactory
from whalebot.adapters.bybit.streams import BybitWebSocketManager
from whalebot.adapters.metrics.snapshot import StreamFigures
from whalebot.app.venue import VenueHealth


def venue_health(streams: BybitWebSocketManager, factory: RestFactory) -> VenueHealth:
    """Return the state of every connection and the venue's answers other than success. Any thread."""
    return VenueHealth(
        tuple(
            StreamFigures(
                name=one.name,
                connected=one.state == LinkState.SUBSCRIBED.value,
                last_message_age_s=one.last_message_age_s,
                messages=one.received,
                reconnects=one.reconnects,
                refused_frames=sum(one.errors.values()),
            )
            for one in streams.health()
        ),
        factory.counts.read(),
    )
