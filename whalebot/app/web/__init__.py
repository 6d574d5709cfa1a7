"""The dashboard and its API: what they are given of a running daemon, or of a folder in which none runs."""
