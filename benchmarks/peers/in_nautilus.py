"""The EMA cross in nautilus_trader, by the peers' interpreter: python -m benchmarks.peers.in_nautilus JOB."""

from __future__ import annotations

import importlib
from decimal import Decimal
from typing import Any

from benchmarks.peers.job import (
    CASH,
    Columns,
    Deal,
    Job,
    answer,
    atr,
    crosses,
    ema,
    read_columns,
    read_job,
    stop_at,
    tell_deals,
    timed,
)

OWN = "its own averages"
_DEEP = 1e6
"""Volume of every bar: the engine fills no more than a quarter of it at one price."""


def module(name: str) -> Any:
    """Return a module of the library."""
    return importlib.import_module(f"nautilus_trader.{name}")


def perpetual(job: Job) -> Any:
    """Return the instrument: BTC against USDT, linear, with the fee and the tick of the job."""
    ids, kinds, currencies = module("model.identifiers"), module("model.objects"), module("model.currencies")
    fee = Decimal(repr(job.fee))
    return module("model.instruments").CryptoPerpetual(
        instrument_id=ids.InstrumentId(ids.Symbol("BTCUSDT-PERP"), ids.Venue("SIM")),
        raw_symbol=ids.Symbol("BTCUSDT"),
        base_currency=currencies.BTC,
        quote_currency=currencies.USDT,
        settlement_currency=currencies.USDT,
        is_inverse=False,
        price_precision=job.decimals,
        size_precision=3,
        price_increment=kinds.Price(job.tick, job.decimals),
        size_increment=kinds.Quantity(0.001, 3),
        margin_init=Decimal("0.01"),
        margin_maint=Decimal("0.005"),
        maker_fee=fee,
        taker_fee=fee,
        ts_event=0,
        ts_init=0,
    )


def make_bars(instrument: Any, bars: Columns) -> tuple[Any, list[Any]]:
    """Return the bar type and the bars, stamped with their closes."""
    pd: Any = importlib.import_module("pandas")
    minutes = bars.length_ms // 60_000
    kind = module("model.data").BarType.from_str(f"{instrument.id}-{minutes}-MINUTE-LAST-EXTERNAL")
    columns = {"open": bars.open, "high": bars.high, "low": bars.low, "close": bars.close, "volume": _DEEP}
    closes = pd.to_datetime(bars.open_ms + bars.length_ms, unit="ms", utc=True)
    frame = pd.DataFrame(columns, index=closes)
    return kind, module("persistence.wranglers").BarDataWrangler(kind, instrument).process(frame)


def make_strategy(job: Job, instrument: Any, kind: Any, columns: tuple[Any, Any] | None) -> Any:
    """Return a strategy; `columns`: crosses and ATR by bar, None: the engine's own indicators."""
    enums, base = module("model.enums"), module("trading.strategy").Strategy
    averages, spans = module("indicators"), module("indicators")
    one = instrument.make_qty(1)

    class Cross(base):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            super().__init__()
            self.row, self.side = -1, 0
            self.guard: Any = None
            self.entry_id: Any = None
            self.distance, self.was_away = 0.0, float("nan")
            self.fills: list[tuple[int, int, float, float, bool]] = []
            self.fast = averages.ExponentialMovingAverage(job.fast)
            self.slow = averages.ExponentialMovingAverage(job.slow)
            self.spans = spans.AverageTrueRange(job.atr_period, averages.MovingAverageType.WILDER)

        def on_start(self) -> None:
            if columns is None:
                for indicator in (self.fast, self.slow, self.spans):
                    self.register_indicator_for_bars(kind, indicator)
            self.subscribe_bars(kind)

        def asked(self) -> tuple[int, float]:
            self.row += 1
            if columns is not None:
                return int(columns[0][self.row]), float(columns[1][self.row])
            if not self.indicators_initialized():
                return 0, 0.0
            away, before = self.fast.value - self.slow.value, self.was_away
            self.was_away = away
            return int(away > 0 and before <= 0) - int(away < 0 and before >= 0), self.spans.value

        def on_bar(self, bar: Any) -> None:
            side, span = self.asked()
            if side == 0 or side == self.side:
                return
            if self.guard is not None:
                self.cancel_order(self.guard)
                self.guard = None
            way = enums.OrderSide.BUY if side > 0 else enums.OrderSide.SELL
            if self.side:
                self.submit_order(self.order_factory.market(instrument.id, way, one, reduce_only=True))
            self.distance, self.side = job.stop_atr * span, side
            order = self.order_factory.market(instrument.id, way, one)
            self.entry_id = order.client_order_id
            self.submit_order(order)

        def on_order_filled(self, event: Any) -> None:
            is_stop = event.order_type == enums.OrderType.STOP_MARKET
            signed = 1 if event.order_side == enums.OrderSide.BUY else -1
            price, ts_ms = event.last_px.as_double(), event.ts_event // 1_000_000
            assert event.last_qty == one
            self.fills.append((ts_ms, signed, price, event.commission.as_double(), is_stop))
            if is_stop:
                self.side, self.guard = 0, None
            elif job.stop_atr and event.client_order_id == self.entry_id:
                level = stop_at(price, self.side, self.distance, job.tick)
                way = enums.OrderSide.SELL if self.side > 0 else enums.OrderSide.BUY
                self.guard = self.order_factory.stop_market(
                    instrument.id, way, one, instrument.make_price(level), reduce_only=True
                )
                self.submit_order(self.guard)

    return Cross()


def run(job: Job, instrument: Any, kind: Any, rows: list[Any], columns: tuple[Any, Any] | None) -> Any:
    """Trade; return the fills."""
    config, enums, kinds = module("config"), module("model.enums"), module("model.objects")
    currency = module("model.currencies").USDT
    engine = module("backtest.engine").BacktestEngine(
        config=module("backtest.config").BacktestEngineConfig(
            logging=config.LoggingConfig(bypass_logging=True),
            risk_engine=config.RiskEngineConfig(bypass=True),
        )
    )
    engine.add_venue(
        venue=instrument.id.venue,
        oms_type=enums.OmsType.NETTING,
        account_type=enums.AccountType.MARGIN,
        base_currency=currency,
        starting_balances=[kinds.Money(CASH, currency)],
        bar_adaptive_high_low_ordering=True,
    )
    engine.add_instrument(instrument)
    engine.add_data(rows)
    strategy = make_strategy(job, instrument, kind, columns)
    engine.add_strategy(strategy)
    engine.run()
    fills = strategy.fills
    engine.dispose()
    return fills


def deals_of(fills: list[tuple[int, int, float, float, bool]], bars: Columns) -> list[Deal]:
    """Return trades of fills that open and close in turn."""
    deals: list[Deal] = []
    opened: tuple[int, int, float, float] | None = None
    for ts_ms, side, price, fee, is_stop in fills:
        # What fills inside a bar is stamped with its close.
        row = int(bars.open_ms.searchsorted(ts_ms, "right")) - 1
        row = row - 1 if is_stop and bars.open_ms[row] == ts_ms else row
        if ts_ms == bars.open_ms[-1] + bars.length_ms and not is_stop:
            break
        if opened is None:
            opened = (row, side, price, fee)
            continue
        first, way, entry, paid = opened
        deals.append(Deal(first, row, way, entry, price, way * (price - entry) - paid - fee))
        opened = None
    if opened is not None:
        first, way, entry, paid = opened
        deals.append(Deal(first, len(bars) - 1, way, entry, float(bars.close[-1]), 0.0, ended=False))
    return deals


def main() -> None:
    """Answer one job."""
    job = read_job()
    bars = read_columns(job)
    instrument = perpetual(job)
    kind, rows = make_bars(instrument, bars)
    if job.task == "trades":
        columns = None
        if job.variant != OWN:
            asked = crosses(ema(bars.close, job.fast), ema(bars.close, job.slow))
            columns = asked, atr(bars, job.atr_period)
        answer(deals=tell_deals(deals_of(run(job, instrument, kind, rows, columns), bars)))
        return
    answer(**timed(job, lambda: len(run(job, instrument, kind, rows, None)) // 2))


if __name__ == "__main__":
    main()
