"""Logs: one for people, one for machines, one for the terminal; secrets masked by value in all of them."""
