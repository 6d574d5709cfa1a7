"""The event tier: the daemon's engine and the matching core in one thread, on a simulated clock."""
