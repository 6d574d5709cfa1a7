"""Other backtesters on the same bars: the same trades, and how fast each makes them."""
