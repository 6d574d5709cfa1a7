"""Posts JSON to an address of the owner, signed so that the receiver can tell it from anybody else's."""

from __future__ import annotations

import hashlib
import hmac
import threading
from typing import Final
from urllib.parse import urlsplit

from whalebot.adapters.alerts.calls import call_once
from whalebot.domain.addresses import is_loopback
from whalebot.domain.errors import ConfigError, TransportError

SIGNATURE: Final = "X-Whalebot-Signature"
_TIMEOUT_S: Final = 5.0
_ATTEMPTS: Final = 3
_LONGEST_WAIT_S: Final = 60.0


class SignedWebhook:
    """Delivers bodies to one address; blocks while it does. `halt` ends the waiting between attempts."""

    def __init__(
        self,
        name: str,
        url: str,
        secret: str | None,
        halt: threading.Event,
        retry_s: float = 1.0,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        """Check the address. Raises ConfigError for plain text off this machine."""
        parts = urlsplit(url)
        if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            raise ConfigError(f"alerts.channels: {name}: a webhook off this machine must be https")
        self.name = name
        self._url = url
        self._secret = secret
        self._halt = halt
        self._retry_s = retry_s
        self._timeout_s = timeout_s

    def post(self, body: bytes) -> None:
        """Deliver one body, trying three times. Raises TransportError where it was not taken.

        A refusal (4xx) is not repeated, 429 after the time it names.
        """
        import requests

        headers = {"Content-Type": "application/json"}
        if self._secret:
            digest = hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
            headers[SIGNATURE] = f"sha256={digest}"
        reason = ""
        for attempt in range(1, _ATTEMPTS + 1):
            wait_s = self._retry_s * 2.0 ** (attempt - 1)
            try:
                status, asked_s = call_once("POST", self._url, self._timeout_s, body=body, headers=headers)
                if 200 <= status < 300:
                    return
                reason = f"HTTP {status}"
                if status == 429:
                    wait_s = _retry_after_s(asked_s, wait_s)
                elif 300 <= status < 500:
                    break
            except requests.RequestException as error:
                reason = type(error).__name__  # its text holds the address
            if attempt == _ATTEMPTS or self._halt.wait(wait_s):
                break
        raise TransportError(f"{self.name}: {reason}")


def _retry_after_s(text: str | None, default_s: float) -> float:
    if text is None or not text.strip().isdecimal():
        return default_s
    return min(float(text.strip()[:6]), _LONGEST_WAIT_S)
