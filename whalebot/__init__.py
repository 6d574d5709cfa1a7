"""Whalebot: a threaded live-trading daemon for Bybit v5 USDT linear perpetuals."""

__version__ = "0.1.0"
