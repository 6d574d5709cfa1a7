"""Tables about the venue: where it is, and what the embedded local exchange plays."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from whalebot.app.config.fields import MILLISECONDS, Table, key

_REST = "an http(s):// address; plain http only on loopback"
_STREAM = "a ws(s):// address; plain ws only on loopback"


class ExchangeTable(Table):
    """Endpoints of the venue and how it is talked to."""

    rest_url: str | None = key(
        None, "REST endpoint; null: the mode's own", allowed=_REST, pattern=r"^https?://[^\s/]+"
    )
    ws_public_url: str | None = key(
        None, "public stream; null: the mode's own", allowed=_STREAM, pattern=r"^wss?://[^\s/]+"
    )
    ws_private_url: str | None = key(
        None, "private stream; null: the mode's own", allowed=_STREAM, pattern=r"^wss?://[^\s/]+"
    )
    trusted_hosts: tuple[str, ...] = key(
        (), "hosts besides Bybit's and loopback that may be shown the API key"
    )
    account_id: str | None = key(
        None,
        "if set, the key's account must be this one, else the start is refused",
        allowed="the account's number as a string of digits",
        pattern=r"^[0-9]{1,20}$",
    )
    recv_window_ms: int = key(
        5000, "how old a signed request may be when it arrives", MILLISECONDS, ge=500, le=60000
    )
    time_scale: float = key(
        1.0, "market time runs this many times real time (loopback endpoints only)", gt=0, le=1_000_000
    )


class DemoTable(Table):
    """What the local exchange of mode demo plays, and how fast."""

    speed: Annotated[float, Field(gt=0, le=1_000_000)] | Literal["max"] = key(
        3600.0,
        "market seconds in one real second; 3600 makes a 15-minute bar last a quarter of a second",
        allowed='a number above 0, at most 1000000, or "max"',
    )
    market: Literal["gbm-regimes"] = key("gbm-regimes", "kind of synthetic market")
    seed: int = key(
        7, "seed of the synthetic market: the same seed gives the same market", ge=0, le=2**63 - 1
    )
    data: tuple[str, ...] = key(
        (), "OHLCV files to play instead, as FILE or SYMBOL=FILE; their symbols are then traded"
    )
