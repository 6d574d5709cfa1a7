"""REST and WebSocket in front of the matching core and the market, as the venue's v5 API speaks."""
