"""A local exchange that speaks the v5 protocol: a pure matching core and a server in front of it."""
