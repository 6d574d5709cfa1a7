"""ISO-8601 durations such as PT30S or PT10M."""

from __future__ import annotations

import re
from typing import Final

from whalebot.adapters.exchange.server.refusal import BAD_PARAMETER, Refused

_DURATION: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII)


def duration_s(text: str, name: str) -> float:
    """Return the seconds of a duration. Raises Refused, naming `name`, for anything else."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise Refused(BAD_PARAMETER, f"{name} {text[:40]!r}: expected a duration such as PT30S or PT10M")
    days, hours, minutes, seconds = (float(group or 0) for group in match.groups())
    return days * 86_400 + hours * 3600 + minutes * 60 + seconds
