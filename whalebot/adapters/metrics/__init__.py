"""Metrics: the daemon's figures as text that Prometheus reads, by HTTP or by a file."""
