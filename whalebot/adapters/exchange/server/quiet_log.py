"""The HTTP server's log without what clients did wrong: they are told, and could fill a disk with it."""

from __future__ import annotations

import logging

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError

_NAME = "whalebot.exchange.http"


def quiet_logger() -> logging.Logger:
    """Return a logger that passes on the server's own failures alone."""
    logger = logging.getLogger(_NAME)
    if not any(isinstance(known, _OwnFailures) for known in logger.filters):
        logger.addFilter(_OwnFailures())
    return logger


class _OwnFailures(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Drop what says that a request was malformed or broke off."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError | RequestPayloadError | ConnectionError)
