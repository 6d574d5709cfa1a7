"""The engine: events in, effects out; one thread, no I/O, no clock of its own."""
