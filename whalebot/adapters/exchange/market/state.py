"""The versioned document by which a market goes on where it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from whalebot.domain.errors import WhalebotError

_VERSION: Final = 1


class StateMismatch(WhalebotError):
    """A saved market belongs to another seed, other symbols, other data or another version."""


def seal(identity: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document. `identity` is what must be equal for the future to be the same."""
    return {"version": _VERSION, "identity": dict(identity), "body": dict(body)}


def unseal(document: Mapping[str, Any], identity: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the body. Raises StateMismatch, naming what differs."""
    if document.get("version") != _VERSION:
        raise StateMismatch(f"saved market has version {document.get('version')!r}, this one {_VERSION}")
    saved = document.get("identity")
    if not isinstance(saved, dict):
        raise StateMismatch("saved market has no identity")
    for key, value in identity.items():
        if saved.get(key) != value:
            raise StateMismatch(f"saved market has {key} {saved.get(key)!r}, this one {value!r}")
    body = document.get("body")
    if not isinstance(body, dict):
        raise StateMismatch("saved market has no body")
    return body
