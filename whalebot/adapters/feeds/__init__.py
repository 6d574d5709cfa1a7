"""Reads recorded market data from files: bars, funding rates. It trades nothing and serves nobody."""
