"""The matching core inside the daemon's own process: for paper trading and for replaying files."""
