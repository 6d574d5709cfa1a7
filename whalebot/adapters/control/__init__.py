"""The unix socket by which the owner speaks to a running daemon: one JSON object a line, both ways."""
