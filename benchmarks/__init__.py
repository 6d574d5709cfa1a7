"""Measurements of speed and size; `python -m benchmarks` runs them all."""
