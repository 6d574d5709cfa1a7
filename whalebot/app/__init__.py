"""Configuration, wiring, command line: the only floor that knows the mode."""
