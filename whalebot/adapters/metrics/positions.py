"""The families of open positions and of each symbol's freshness."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric

from whalebot.domain.view import PositionView, View

_LABELS: Final = ("symbol", "side")
_FAMILIES: Final = (
    ("whalebot_positions", "Open positions; 1 for each."),
    ("whalebot_position_quantity", "Size of an open position in base units."),
    ("whalebot_position_value", "Value of an open position at the last price, in USDT."),
    ("whalebot_position_pnl", "Result of an open position at the last price, in USDT."),
    ("whalebot_position_protected", "1 where a stop lies at the venue under the position."),
    (
        "whalebot_position_stop_distance_ratio",
        "Way from the last price to the stop, as a fraction of the price.",
    ),
)


def position_families(view: View) -> Iterator[Metric]:
    """Yield what is known of positions and symbols; a symbol without a position has no sample."""
    families = [GaugeMetricFamily(name, text, labels=_LABELS) for name, text in _FAMILIES]
    positions = [symbol.position for symbol in view.symbols if symbol.position is not None]
    for position in positions:
        labels = [position.symbol, "long" if position.side.sign > 0 else "short"]
        for family, value in zip(families, _figures(position), strict=True):
            if value is not None:
                family.add_metric(labels, value)
    yield from families
    yield GaugeMetricFamily("whalebot_open_positions", "Number of open positions.", value=len(positions))
    unprotected = sum(1 for position in positions if position.stop_loss is None)
    yield GaugeMetricFamily(
        "whalebot_unprotected_positions", "Open positions without a stop at the venue.", value=unprotected
    )
    yield from _symbols(view)


def _figures(position: PositionView) -> tuple[float | None, ...]:
    price = position.last_price
    known = price if price is not None and price > 0 else None
    distance: Decimal | None = None
    if known is not None and position.stop_loss is not None:
        distance = (known - position.stop_loss) * position.side.sign / known
    return (
        1.0,
        float(position.qty),
        None if known is None else float(position.qty * known),
        float(position.unrealised_pnl),
        float(position.stop_loss is not None),
        None if distance is None else float(distance),
    )


def _symbols(view: View) -> Iterator[Metric]:
    price = GaugeMetricFamily("whalebot_last_price", "Last price of a symbol.", labels=["symbol"])
    age = GaugeMetricFamily("whalebot_ticker_age_seconds", "Age of a symbol's prices.", labels=["symbol"])
    score = GaugeMetricFamily("whalebot_score", "Score of a symbol's last closed bar.", labels=["symbol"])
    in_flight = GaugeMetricFamily(
        "whalebot_orders_in_flight", "Orders whose fate is open.", labels=["symbol"]
    )
    unknown = GaugeMetricFamily(
        "whalebot_unknown_orders", "Orders of which it is not known whether they arrived.", labels=["symbol"]
    )
    for symbol in view.symbols:
        name = [symbol.symbol]
        if symbol.last_price is not None:
            price.add_metric(name, float(symbol.last_price))
        if symbol.ticker_age_ms is not None:
            age.add_metric(name, symbol.ticker_age_ms / 1000)
        if symbol.analysis is not None:
            score.add_metric(name, symbol.analysis.score)
        in_flight.add_metric(name, len(symbol.in_flight))
        unknown.add_metric(name, len(symbol.unknown_orders))
    yield from (price, age, score, in_flight, unknown)
