"""Clocks, the inbox, worker lanes and the one loop: with the adapters, the only rooms that know threads."""
