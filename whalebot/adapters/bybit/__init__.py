"""Bybit v5: streams, REST and the codec between the venue's payloads and domain types."""
