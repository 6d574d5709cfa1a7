"""The command `scan`: its configuration, its parts put together, its tools."""
