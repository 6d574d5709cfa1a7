"""The configuration: one file, checked whole, every fault named at once."""
