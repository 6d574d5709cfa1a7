"""Alerts: telling people, by any channel, without ever holding up trading."""
