"""Searching parameters and telling luck from skill."""
