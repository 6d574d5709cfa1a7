"""From bars to a score: indicators in columns, scoring groups, trends of higher timeframes, the signal."""
