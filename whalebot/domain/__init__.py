"""Frozen types, enums, arithmetic and errors shared by every room. Standard library only."""
