"""Telling the service manager how the daemon is."""
