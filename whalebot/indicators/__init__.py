"""Indicators: arrays in, arrays of the same length out, NaN while warming up; no state, no I/O."""
