"""Records of announced signals."""

from __future__ import annotations

from typing import Any

from whalebot.decisions.scan.record import SignalRecord


def signal_record(number: int = 0, symbol: str = "BTCUSDT", **changes: Any) -> SignalRecord:
    """A whole record; `number` tells its id and its second."""
    fields = {
        "signal_type": "Long",
        "entry_price": 115.62,
        "stop_loss": 111.08,
        "take_profit": 124.69,
        "confidence": "Medium",
        "rationale": 'ema_alignment: +0.40 | a "quoted, one"',
        "normalized_score": 0.3414,
        "timestamp": f"2026-01-01T00:{number // 60:02d}:{number % 60:02d}.000+00:00",
        "id": f"id{number}",
        "event": "new",
        "symbol": symbol,
        "interval": "15",
        "bar_start": "2026-01-01T00:00:00.000+00:00",
        "weight_set": "low_volatility",
        "votes": {"rsi": 1, "macd": None},
        "weights": {"rsi": 0.6, "macd": 0.5},
        "agreement": 0.5,
        "atr": 2.2,
        "levels": {"pivot": 1.0, "r1": 2.0, "s1": 0.5, "r2": 3.0, "s2": 0.1},
        "spread_bps": None,
        "imbalance": None,
        "turnover24h": 5e6,
        "funding_rate": 0.0001,
        "notes": (),
        "config_hash": "0" * 12,
        "version": "0",
    }
    return SignalRecord(**{**fields, **changes})
