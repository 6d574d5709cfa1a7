"""The market of the local exchange: prices, candles, books and funding in simulated time, pure and seeded.

What it leaves to others: sockets, wall clock, orders and accounts. It never sleeps and never reads a file.

Use
    market = SyntheticMarket(specs: Sequence[SymbolSpec], seed: int, start_ms=DEFAULT_START_MS, state=None)
    market = PlaybackMarket(tracks: Sequence[PlaybackTrack], from_ms=None, seed=0, state=None)
    market = FrameMarket(tracks: Sequence[FrameTrack], from_ms=None, seed=0, state=None)
        # Modules `synthetic`, `playback`, `frame_market`; all are a `MarketSource` (module `source`).
        # `state` is the document of an earlier `export_state()`: the run goes on from there. StateMismatch
        # (module `state`) says that it belongs to another seed, other symbols or other data: start afresh.
        # PlaybackTrack(instrument, bars, mark=None, funding=()): bars has the columns of `Bars`
        # (module `bars`), as files read by `feeds` have; `bars_from_candles` makes them from candles.
        # FrameTrack(instrument, frames): decoded frames of orderbook.N and publicTrade as recorded.
        # make_specs("BTCUSDT,ETHUSDT") or make_specs("20") (module `synthetic`) takes the shipped list.

    schedule = Schedule(market.now_ms, parse_speed("3600"))  # module `pacing`
    while True:
        batch = market.advance(schedule.due_ms(elapsed_real_ms))  # None (speed max): to the next barrier
        for event in batch.events: ...
            # PricePoint, FundingDue, BookChanged (recorded depth): the core's own inputs, apply them as is.
            # A PricePoint always has all prices, volume and taker_side; volume 0 is no trade to show.
            # Kline (confirmed; forming bars are asked for with `market.forming`), Liquidation.
        if not batch.at_barrier: break                       # nothing more is due
        # at_barrier: bars have just closed at batch.now_ms and the next bars' opens of that same instant
        # are still to come: with speed "max" wait here until consumers have caught up, then advance again.

Order of events. Time never falls. At one instant: prints inside bars, liquidations, funding, closed klines
(higher timeframes first, then in order of the symbols), <barrier>, opens of the next bars. A bar of
[t, t + L) prints its open at t, its nearer extreme at t + L/3, its farther extreme at t + 2L/3 (equal
distance: low first), its close at t + L - 1; its kline and all longer ones that end there are confirmed at
t + L. An open that differs from the last close has is_gap=True: a jump, nothing traded in between.

Units. Prices: quote per base. qty, volume, open interest: base. turnover: quote. Times: ms UTC, simulated.
"""
