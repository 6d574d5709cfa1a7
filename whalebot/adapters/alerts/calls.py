"""One call of an address of the owner's: sent once, the answer's head alone is looked at."""

from __future__ import annotations

from collections.abc import Mapping


def call_once(
    method: str,
    url: str,
    timeout_s: float,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, str | None]:
    """Return the status of the answer, and for how long it asks to wait ("Retry-After").

    A redirect is not followed, a body, which may be endless, not read. Raises requests.RequestException.
    """
    import requests

    with requests.Session() as session:
        # A proxy of the environment would carry plain text off this machine.
        session.trust_env = url.lower().startswith("https:")
        with session.request(
            method, url, data=body, headers=headers, timeout=timeout_s, allow_redirects=False, stream=True
        ) as answer:
            return answer.status_code, answer.headers.get("Retry-After")
