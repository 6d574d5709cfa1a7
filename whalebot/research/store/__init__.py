"""Market history kept on disk: by symbol, series and month, downloaded, converted, listed, verified."""
