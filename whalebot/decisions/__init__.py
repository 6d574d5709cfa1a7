"""Pure decisions: analysis, risk, performance. No I/O, no clock."""
