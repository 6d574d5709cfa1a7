"""What the trading earned: building closed trades, running totals and the figures of a report. No I/O."""
