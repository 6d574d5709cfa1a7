"""The matching core: a pure, deterministic exchange for linear USDT perpetuals.

No I/O, no threads, no wall clock, no randomness: the same inputs give the same outputs to the byte. All
money is Decimal and exact. Time is whatever the inputs carry (ms UTC) and never runs backwards.

    exchange = Exchange()
    exchange.apply(InstrumentListed(instrument, ts_ms))
    exchange.open_account("demo", Decimal(1000), ts_ms)
    events = exchange.apply(PricePoint("BTCUSDT", ts_ms, last_price=Decimal("60000")))
    answer = exchange.submit("demo", CreateOrder("BTCUSDT", Side.BUY, OrderType.MARKET, qty), ts_ms)

Input: `MarketInput` (inputs.py) through `apply`, `Command` (commands.py) through `submit`, mere passing of
time through `advance`. Output: a sequence of `Event` (events.py) made of frozen records (records.py); a
refusal carries the venue's retCode and message. `exchange.read` holds the pure queries, `exchange.check()`
lists broken invariants, `exchange.export_state()` and `Exchange.from_state()` save and go on.

Replaceable models: `Liquidity` (what a taker gets), `Latency` (when a command is worked on), `FeeModel`.
"""
