"""The web server: dashboard, API, stream and metrics, read from frozen pictures in a thread of its own."""
