"""What a daemon that no longer runs has left open: read from its state documents, which stay as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

MODES: Final = ("bybit-demo", "demo", "live", "paper", "replay", "testnet")


def left_behind(folder: Path) -> Iterator[str]:
    """Yield, for each mode with a state document in `folder`, when it was written and what was open then."""
    for path in (folder / f"{mode}.json" for mode in MODES):
        if not path.exists():
            continue
        try:
            document = json.loads(path.read_text(encoding="utf-8"))["document"]
            lines = list(_of_mode(path.stem, document))
        except (OSError, ValueError, KeyError, TypeError, ArithmeticError) as error:
            lines = [f"{path}: cannot be read ({type(error).__name__})"]
        yield from lines


def _of_mode(mode: str, document: Mapping[str, Any]) -> Iterator[str]:
    at = datetime.fromtimestamp(document["saved_ms"] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    positions, intents = document["positions"], document["intents"]
    held = "no position" if not positions else f"{len(positions)} open, protected by what lies at the venue:"
    yield f"mode {mode}, last saved {at}: {held}"
    for position in positions:
        qty = abs(Decimal(position["bought_qty"]) - Decimal(position["sold_qty"]))
        side = "long" if position["side"] == "Buy" else "short"
        stop, target = position["stop"] or "NONE", position["target"] or "none"
        yield f"  {position['symbol']} {side} {qty}, stop {stop}, target {target}"
    for memory in intents:
        yield f"  {memory['intent']['symbol']}: order {memory['intent']['order_link_id']} was on its way"
    if document["guardrails"]["manual_pause"]:
        yield "  paused by its owner, also after the next start, until: whalebot resume"
