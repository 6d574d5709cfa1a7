"""Recursive indicators one bar at a time: O(1) a step, equal to the array forms, never restarted.

Each stream holds a few floats; `step` takes the newest bar and returns the newest value, NaN while warming.
Streams are plain state: not thread-safe, for the one thread that owns the series.
"""
